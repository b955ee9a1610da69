package bundle

import (
	"path/filepath"

	"container_start_exporter/collector/event"
)

// parser reads a config.json into a config.
type parser struct {
	*decoder
	config
	hooksLeft, hookBytes, mountBytes int // that may still be kept
}

func (p *parser) parse() error {
	return p.object(
		field{"root", func() error { return p.object(p.pathField("path", &p.root)) }},
		field{"process", p.process},
		field{"mounts", p.allMounts},
		field{"hooks", p.allHooks},
		field{"annotations", p.someAnnotations},
		field{"linux", p.linux},
	)
}

func (p *parser) pathField(name string, to *string) field {
	return field{name, func() error { return p.string(to, maxPath) }}
}

func (p *parser) process() error {
	p.hasProcess = true
	return p.object(
		field{"apparmorProfile", func() error { return p.string(&p.appArmor, maxName) }},
		field{"capabilities", func() error { return p.object(field{"bounding", p.bounding}) }},
	)
}

func (p *parser) bounding() error {
	left := maxCapabilities
	return p.elements(&left, func() error {
		var name string
		err := p.string(&name, maxCapability)
		p.capabilities = append(p.capabilities, name)
		return err
	})
}

func (p *parser) linux() error {
	return p.object(
		p.pathField("cgroupsPath", &p.cgroupsPath),
		field{"namespaces", p.namespaces},
		field{"seccomp", func() error {
			return p.object(field{"defaultAction", func() error { return p.string(&p.seccomp, maxName) }})
		}},
	)
}

// namespaces finds the network namespace to join.
func (p *parser) namespaces() error {
	left := maxNamespaces
	return p.elements(&left, func() error {
		var kind, path string
		err := p.object(
			field{"type", func() error { return p.string(&kind, maxName) }},
			p.pathField("path", &path),
		)
		if kind == "network" && p.netns == "" {
			p.netns = path
		}
		return err
	})
}

// allMounts finds the files and directories that are mounted: what has an absolute
// path as its source.
func (p *parser) allMounts() error {
	left := maxMounts
	return p.elements(&left, func() error {
		var destination, source string
		err := p.object(p.pathField("destination", &destination), p.pathField("source", &source))
		if n := mountSize + len(destination) + len(source); filepath.IsAbs(source) && n <= p.mountBytes {
			p.mountBytes -= n
			p.mounts[destination] = source
		}
		return err
	})
}

// someAnnotations reads the annotations that an engine wants.
func (p *parser) someAnnotations() error {
	wanted := wantedAnnotations()
	return p.members(func(name []byte) error {
		for _, key := range wanted {
			if key != string(name) {
				continue
			}
			var value string
			err := p.string(&value, maxName)
			p.annotations[key] = value
			return err
		}
		return p.skip()
	})
}

func (p *parser) allHooks() error {
	fields := make([]field, len(hookKinds))
	for i, kind := range hookKinds {
		fields[i] = field{kind, func() error {
			return p.elements(&p.hooksLeft, func() error { return p.hook(&p.hooks[i], kind) })
		}}
	}
	return p.object(fields...)
}

// hook reads a hook into list. If it does not fit, it is kept without arguments or
// not at all.
func (p *parser) hook(list *[]event.Hook, kind string) error {
	h := event.Hook{Kind: kind}
	left := maxHookArgs
	err := p.object(p.pathField("path", &h.Path), field{"args", func() error {
		return p.elements(&left, func() error {
			var arg string
			err := p.string(&arg, maxHookArg)
			h.Args = append(h.Args, arg)
			return err
		})
	}})
	if size(h) > p.hookBytes {
		h.Args = nil
	}
	if h.Path != "" && size(h) <= p.hookBytes {
		p.hookBytes -= size(h)
		*list = append(*list, h)
	}
	return err
}

// How many bytes the structures occupy, without the strings in them, or a bit more.
const (
	mountSize  = 64 // an entry of a map
	hookSize   = 64
	stringSize = 16
)

// size returns how many bytes a hook occupies.
func size(h event.Hook) int {
	n := hookSize + len(h.Path)
	for _, arg := range h.Args {
		n += stringSize + len(arg)
	}
	return n
}
