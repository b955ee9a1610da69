package bundle

import (
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/event"
)

// readBundle reads the config.json of a bundle, and the container's name and image from
// its engine's state. The error is that of reading the config.json.
func readBundle(dir location, id string) (*event.Bundle, error) {
	f, err := open(dir.file("config.json"), maxConfig)
	if err != nil {
		return nil, err
	}
	defer f.close()
	c, err := readConfig(f)
	if err != nil {
		return nil, err
	}
	b := c.bundle(dir.path)
	b.Name, b.Image = c.identify(states{dir.root, id}, dir.path)
	return b, nil
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

// file reads a regular file up to the size that it had when it was opened.
type file struct {
	io.Reader
	left int64 // bytes, before anything is read
	f    *os.File
}

// open opens a regular file of at most limit bytes.
func open(name string, limit int64) (*file, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	info, err := f.Stat()
	if err == nil && (!info.Mode().IsRegular() || info.Size() > limit) {
		err = fmt.Errorf("%s is not a regular file of at most %d bytes", name, limit)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &file{io.LimitReader(f, info.Size()), info.Size(), f}, nil
}

func (f *file) close() { f.f.Close() }
