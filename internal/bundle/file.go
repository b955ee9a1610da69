package bundle

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// errBusy is the error of a file that might well be readable.
var errBusy = errors.New("too many reads hang, or too much was read lately")

// tree is the tree of files that a runtime finds.
type tree struct {
	root  root
	mntNS uint32
	gate  *gate
}

// during calls look, which may look at the directory, or at a file in it, unless too
// many already do.
func (t tree) during(dir string, look func() error) error {
	p := place{t.mntNS, filepath.Dir(dir)}
	if !t.gate.enter(p) {
		return errBusy
	}
	defer t.gate.leave(p)
	return look()
}

// read calls decode with a file of at most limit bytes. The directory of the file is
// that of one container.
func (t tree) read(path string, limit int64, decode func(*file) error) error {
	err := t.during(filepath.Dir(path), func() error {
		f, err := t.root.open(path, limit)
		if err != nil {
			return err
		}
		defer f.close()
		if !t.gate.admits(t.mntNS, f.left) {
			return errBusy
		}
		return decode(f)
	})
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// config reads a config.json.
func (t tree) config(path string) (c *config, err error) {
	err = t.read(path, maxConfig, func(f *file) (err error) {
		c, err = readConfig(f)
		return err
	})
	return c, err
}

// reopen opens a file for reading that is open with O_PATH: that file, whatever its
// name leads to by now.
func reopen(fd int, size int64) (*file, error) {
	opened, err := unix.Open("/proc/self/fd/"+strconv.Itoa(fd), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("open", err)
	}
	return &file{fd: opened, left: size}, nil
}

// file reads a file up to the size that it had when it was opened.
type file struct {
	fd   int
	left int64 // bytes
}

func (f *file) close() { _ = unix.Close(f.fd) }

// Read is that of an io.Reader. Bytes that were appended since are not read.
func (f *file) Read(b []byte) (int, error) {
	if f.left < int64(len(b)) {
		b = b[:f.left]
	}
	if len(b) == 0 {
		return 0, io.EOF
	}
	n, err := unix.Read(f.fd, b)
	if err != nil {
		return 0, os.NewSyscallError("read", err)
	}
	if n == 0 {
		return 0, io.EOF
	}
	f.left -= int64(n)
	return n, nil
}
