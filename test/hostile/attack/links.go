package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// lures are files that hold whoever opens or reads them, or on which that has an
// effect, in the container or on the host.
var lures = []string{
	"/sys/kernel/tracing/trace_pipe", "/sys/kernel/debug/tracing/per_cpu/cpu0/trace_pipe_raw",
	"/dev/zero", "/dev/random", "/dev/tty", "/dev/stdin", "/dev/null", "/dev/kmsg", "/proc/kmsg",
	"/proc/self/mem", "/proc/1/root/etc/passwd", "/proc/self/fd/0", "/proc/self/cwd/config.json",
	"../../../../../../etc/shadow", "loop", "/proc/self/exe", work,
}

// links executes runtimes on bundles whose config.json is none. Its argument is their
// number.
func links(args []string) (int, error) {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return 0, err
	}
	dirs, pipes, err := makeLures()
	if err != nil {
		return 0, err
	}
	var watched atomic.Int64
	done, err := rounds(n, 4, func(i int) error {
		if err := create("linger", dirs[i%len(dirs)]); err != nil {
			return err
		}
		if hasReader(pipes[i%len(pipes)]) {
			watched.Add(1)
		}
		return nil
	})
	if err == nil && watched.Load() > 0 {
		err = fmt.Errorf("a FIFO was opened %d times", watched.Load())
	}
	return done, err
}

// makeLures makes the bundles, one of them in four a FIFO.
func makeLures() (dirs, pipes []string, err error) {
	for i, target := range lures {
		dir := filepath.Join(work, "links", strconv.Itoa(i))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, nil, err
		}
		if err := os.Symlink(target, filepath.Join(dir, "config.json")); err != nil {
			return nil, nil, err
		}
		dirs = append(dirs, dir)
		if i%4 > 0 {
			continue
		}
		dir += "-pipe"
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, nil, err
		}
		pipe := filepath.Join(dir, "config.json")
		if err := unix.Mkfifo(pipe, 0o666); err != nil {
			return nil, nil, fmt.Errorf("make a FIFO: %w", err)
		}
		dirs, pipes = append(dirs, dir), append(pipes, pipe)
	}
	return dirs, pipes, nil
}

// hasReader returns whether any process has opened a FIFO for reading (fifo(7)).
func hasReader(pipe string) bool {
	fd, err := unix.Open(pipe, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENXIO) {
		return false
	}
	if err == nil {
		_ = unix.Close(fd)
	}
	return err == nil
}
