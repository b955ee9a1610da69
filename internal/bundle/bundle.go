package bundle

import (
	"errors"
	"io/fs"
	"maps"
	"path/filepath"
	"strings"
	"time"

	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/event"
	"container_start_exporter/internal/proc"
)

// nameDeadline limits for how long the state files of engines may delay a bundle. A
// container whose state is read later has no name; a host has to be very busy for that.
const nameDeadline = 5 * deadline

// execution is the execution of a runtime that creates a container.
type execution struct {
	pid       int
	startTime int64 // boot time, ns
	mntNS     uint32
	bundle    string // as given: it may be relative, or empty
	id        string // the container's
	parent    birth  // the process that forked it, if that is known
}

// read reads the config.json of the bundle, and the container's name and image from
// its engine's state. It returns the path of the bundle in the runtime's root
// directory, too. The error is that of reading the config.json.
func (x execution) read(g *gate) (b *event.Bundle, path string, err error) {
	t, path, err := x.find(g)
	if err != nil {
		return nil, "", err
	}
	c, err := t.config(filepath.Join(path, "config.json"))
	if err != nil {
		t.root.close()
		return nil, "", err
	}
	b = c.bundle(path)
	c.identify(states{t, x.id}, path, b)
	return b, path, nil
}

// find returns the path of the bundle, and the files among which it is. The root
// directory of these has to be closed.
func (x execution) find(g *gate) (t tree, path string, err error) {
	p := openProcess(x.pid, x.startTime)
	defer p.close()
	base, err := x.base(p)
	if err != nil {
		return tree{}, "", err
	}
	t, path = tree{mntNS: x.mntNS, gate: g}, filepath.Join(base, x.bundle)
	err = t.during(path, func() (err error) {
		t.root, err = x.root(p, base, x.mntNS == g.own)
		return err
	})
	return t, path, err
}

// base returns the directory that the path of the bundle is relative to. If that is
// absolute, it is "/".
func (x execution) base(p process) (string, error) {
	if filepath.IsAbs(x.bundle) {
		return "/", nil
	}
	return p.workingDirectory()
}

// root opens the runtime's root directory. An absolute path can be resolved without the
// runtime, if that has exited already, as a fast one has, or CAP_SYS_PTRACE is missing: in
// the exporter's own mount namespace, or that of the process that forked the runtime, a
// monitor or a shim, which goes on.
func (x execution) root(p process, base string, isOwnMntNS bool) (root, error) {
	if !filepath.IsAbs(x.bundle) {
		return p.rootOf(base)
	}
	r, err := p.root()
	switch {
	case err == nil:
		return r, nil
	case isOwnMntNS && (errors.Is(err, proc.ErrExited) || errors.Is(err, fs.ErrPermission)):
		return ownRoot()
	case errors.Is(err, proc.ErrExited) && x.parent != birth{}:
		return x.rootOfParent()
	}
	return r, err
}

// rootOfParent opens the root directory of the process that forked the runtime, if that is
// in the same mount namespace.
func (x execution) rootOfParent() (root, error) {
	p := openProcess(x.parent.pid, x.parent.startTime)
	defer p.close()
	if p.mntNS() != x.mntNS {
		return root{}, proc.ErrExited
	}
	return p.root()
}

// identify asks the engines for the name of the container and of its image, by its
// bundle and their state files, and adds them to b. It closes the root directory in s, which
// may be later: a directory may hang.
func (c *config) identify(s states, path string, b *event.Bundle) {
	asked := engine.Container{
		ID: s.id, Bundle: path, Root: b.Root, Annotations: maps.Clone(c.annotations), Mounts: c.mounts, ReadJSON: s.readJSON,
	}
	found := make(chan engine.Identity, 1)
	go func() {
		defer s.root.close()
		found <- engine.Identify(asked)
	}()
	select {
	case i := <-found:
		b.Name, b.Image, b.Engine, b.Build = bounded(i.Name), bounded(i.Image), bounded(i.Engine), i.Build
		for name, value := range i.Annotations {
			b.Annotations[name] = bounded(value)
		}
	case <-time.After(nameDeadline):
	}
}

// bounded returns a copy of a name, which shares no memory with what it was read from:
// empty if it is too long.
func bounded(name string) string {
	if len(name) > maxName {
		return ""
	}
	return strings.Clone(name)
}
