package bundle

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/event"
)

// execution is the execution of a runtime that creates a container.
type execution struct {
	pid       int
	startTime int64  // boot time, ns
	isOwn     bool   // its mount namespace is the exporter's
	bundle    string // as given: it may be relative, or empty
	id        string // the container's
}

// read reads the config.json of the bundle, and the container's name and image from
// its engine's state. It returns the path of the bundle in the runtime's root
// directory, too. The error is that of reading the config.json.
func (x execution) read() (b *event.Bundle, path string, err error) {
	t, path, err := x.find()
	if err != nil {
		return nil, "", err
	}
	defer t.root.close()
	c, err := t.config(filepath.Join(path, "config.json"))
	if err != nil {
		return nil, "", err
	}
	b = c.bundle(path)
	b.Name, b.Image = c.identify(states{t, x.id}, path)
	return b, path, nil
}

// find returns the path of the bundle, and the files among which it is. The root
// directory of these has to be closed.
func (x execution) find() (t tree, path string, err error) {
	p := openProcess(x.pid, x.startTime)
	defer p.close()
	base, err := x.base(p)
	if err != nil {
		return tree{}, "", err
	}
	t.root, err = x.root(p, base)
	return t, filepath.Join(base, x.bundle), err
}

// base returns the directory that the path of the bundle is relative to. If that is
// absolute, it is "/".
func (x execution) base(p process) (string, error) {
	if filepath.IsAbs(x.bundle) {
		return "/", nil
	}
	return p.workingDirectory()
}

// root opens the runtime's root directory. In the exporter's own mount namespace, an
// absolute path can be resolved without: if the runtime has exited already, as a fast
// one has, or CAP_SYS_PTRACE is missing.
func (x execution) root(p process, base string) (root, error) {
	if !filepath.IsAbs(x.bundle) {
		return p.rootOf(base)
	}
	r, err := p.root()
	if x.isOwn && (errors.Is(err, errExited) || errors.Is(err, fs.ErrPermission)) {
		return ownRoot()
	}
	return r, err
}

// identify asks the engines for the name of the container and of its image, by its
// bundle and their state files.
func (c *config) identify(s states, path string) (name, image string) {
	i := engine.Identify(engine.Container{
		ID: s.id, Bundle: path, Annotations: c.annotations, Mounts: c.mounts, ReadJSON: s.readJSON,
	})
	return bounded(i.Name), bounded(i.Image)
}

// bounded returns a copy of a name, which shares no memory with what it was read from:
// empty if it is too long.
func bounded(name string) string {
	if len(name) > maxName {
		return ""
	}
	return strings.Clone(name)
}
