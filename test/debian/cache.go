package debian

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Cache returns the directory in which tests keep what they have installed or
// downloaded, by a name of theirs; it makes the directory.
func Cache(name string) (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "container_start_exporter-"+name)
	return dir, os.MkdirAll(dir, 0o755)
}

// Lock locks a directory against other processes and goroutines.
func Lock(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return func() { f.Close() }, nil
}

// Cached returns the path of a name in a directory of Cache. If there is nothing yet, it is
// what build has made in a directory of its own, which it is given, and returned the path
// of: it is moved, so that it is whole if it exists.
func Cached(cache, name string, build func(work string) (made string, err error)) (string, error) {
	unlock, err := Lock(cache)
	if err != nil {
		return "", err
	}
	defer unlock()
	path := filepath.Join(cache, name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	work, err := os.MkdirTemp(cache, "building-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	made, err := build(work)
	if err != nil {
		return "", err
	}
	return path, os.Rename(made, path)
}
