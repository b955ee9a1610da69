// Package proc opens /proc/PID of processes that may exit meanwhile, and whose pid may
// then be another's.
package proc

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"container_start_exporter/internal/boottime"
)

// ErrExited is the error of a process that has exited.
var ErrExited = errors.New("the process has exited")

// clockTick is the unit of the start time in /proc/PID/stat, in nanoseconds: USER_HZ
// is 100 on amd64 and arm64.
const clockTick = 10_000_000

// Open opens the directory /proc/PID, without reading it, of the process with a pid and
// a start time (boot time, ns), and returns its descriptor. As long as that is open, it
// is the directory of this process: once the process has exited, nothing is found in
// it, whoever has the pid by then (proc_pid_make_inode in fs/proc/base.c holds the
// struct pid, which is not reused). The error is ErrExited if there is no such process.
func Open(pid int, startTime int64) (int, error) {
	fd, err := unix.Open("/proc/"+strconv.Itoa(pid), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err == unix.ENOENT {
		return -1, ErrExited
	}
	if err != nil {
		return -1, os.NewSyscallError("open", err)
	}
	s, err := ReadStat(fd)
	if err == nil && s.StartTicks != boottime.Shown(startTime)/clockTick {
		err = ErrExited
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// Stat is what /proc/PID/stat shows (proc_pid_stat(5)).
type Stat struct {
	Comm       string // of the first thread
	State      byte   // of the first thread: R, S, D, T, Z, ...
	Threads    int
	StartTicks int64 // the start time in clock ticks after boot, as boottime.Shown
}

// Ended reports whether all threads have exited: the process is a zombie.
func (s Stat) Ended() bool { return (s.State == 'Z' || s.State == 'X') && s.Threads <= 1 }

// ReadStat reads stat in the directory of a process. The error is ErrExited if the
// process has exited and was waited for.
func ReadStat(dir int) (Stat, error) {
	fd, err := unix.Openat(dir, "stat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == unix.ENOENT || err == unix.ESRCH {
		return Stat{}, ErrExited
	}
	if err != nil {
		return Stat{}, os.NewSyscallError("openat", err)
	}
	defer unix.Close(fd)
	var text [1024]byte
	n, err := unix.Read(fd, text[:])
	if err == unix.ESRCH {
		return Stat{}, ErrExited
	}
	if err != nil {
		return Stat{}, os.NewSyscallError("read", err)
	}
	return parseStat(text[:n])
}

// parseStat parses `PID (COMM) STATE ...`. A name may contain anything.
func parseStat(text []byte) (Stat, error) {
	begin, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if begin < 0 || end < begin {
		return Stat{}, fmt.Errorf("no name in %q", text)
	}
	s := Stat{Comm: string(text[begin+1 : end])}
	fields := bytes.Fields(text[end+1:])
	if len(fields) < 20 {
		return Stat{}, fmt.Errorf("no start time in %q", text)
	}
	s.State = fields[0][0]
	var bad error
	s.Threads, bad = strconv.Atoi(string(fields[17]))
	var err error
	s.StartTicks, err = strconv.ParseInt(string(fields[19]), 10, 64)
	return s, errors.Join(bad, err)
}
