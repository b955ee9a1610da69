package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

const attachTimeout = time.Minute

// Attach is how long it takes until events arrive, in milliseconds: the median
// and the minimum of all attempts.
type Attach struct {
	Mechanism string  `json:"mechanism"`
	What      string  `json:"what"`
	Median    float64 `json:"median_ms"`
	Least     float64 `json:"least_ms"`
	CPU       float64 `json:"cpu_ms"` // CPU time of the exporter, median; the rest is waiting
}

// elapsed is the time of one attempt: wall-clock time, and CPU time of the
// process that attaches.
type elapsed struct{ wall, cpu time.Duration }

// timeAttach times the opening of the probes in this process and, if an exporter
// is given, the time from its exec until it is ready.
func timeAttach(mechanism string, times int, exporter string) ([]Attach, error) {
	progress("attach by %s", mechanism)
	opened, err := attach(mechanism, "probes opened", times, open(mechanism))
	if err != nil || exporter == "" {
		return []Attach{opened}, err
	}
	ready, err := attach(mechanism, "exec to ready", times, serveUntilReady(exporter, mechanism))
	return []Attach{opened, ready}, err
}

// attach calls once so many times and summarizes what it returns.
func attach(mechanism, what string, times int, once func() (elapsed, error)) (Attach, error) {
	var wall, cpu []float64
	for range times {
		took, err := once()
		if err != nil {
			return Attach{}, fmt.Errorf("%s by %s: %w", what, mechanism, err)
		}
		wall = append(wall, took.wall.Seconds()*1000)
		cpu = append(cpu, took.cpu.Seconds()*1000)
	}
	return Attach{Mechanism: mechanism, What: what,
		Median: quantile(wall, 0.5), Least: quantile(wall, 0), CPU: quantile(cpu, 0.5)}, nil
}

// open times the opening of the probes in this process.
func open(mechanism string) func() (elapsed, error) {
	return func() (elapsed, error) {
		begin, before := time.Now(), cpuTime(0)
		e, err := openExporter(mechanism)
		if err != nil {
			return elapsed{}, err
		}
		return elapsed{time.Since(begin), cpuTime(0) - before}, e.Close()
	}
}

// serveUntilReady runs the exporter until it notifies systemd, here a socket of
// ours, that it is ready: polling would compete with it for the CPUs.
func serveUntilReady(binary, mechanism string) func() (elapsed, error) {
	return func() (took elapsed, err error) {
		dir, err := os.MkdirTemp("", "overhead")
		if err != nil {
			return took, err
		}
		defer os.RemoveAll(dir)
		socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify")})
		if err != nil {
			return took, err
		}
		defer socket.Close()
		ctx, cancel := context.WithTimeout(context.Background(), attachTimeout)
		defer cancel()
		cmd := exec.CommandContext(ctx, binary, "--probe.mechanism="+mechanism, "serve", "--log.level=error", "--web.listen-address=127.0.0.1:0")
		cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGTERM) }
		cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket.LocalAddr().String())
		cmd.Stderr = os.Stderr
		begin := time.Now()
		if err := cmd.Start(); err != nil {
			return took, err
		}
		err = ready(socket)
		took = elapsed{time.Since(begin), cpuTime(cmd.Process.Pid)}
		cancel()
		var exit *exec.ExitError
		if ended := cmd.Wait(); err == nil && errors.As(ended, &exit) {
			err = ended
		}
		return took, err
	}
}

// ready waits for READY=1, as in sd_notify(3).
func ready(socket *net.UnixConn) error {
	if err := socket.SetReadDeadline(time.Now().Add(attachTimeout)); err != nil {
		return err
	}
	message := make([]byte, 1024)
	for {
		n, err := socket.Read(message)
		if err != nil || bytes.HasPrefix(message[:n], []byte("READY=1")) {
			return err
		}
	}
}

// cpuTime returns the CPU time that a process has used, this one if pid is 0:
// clock_getcpuclockid(3) without its lookup.
func cpuTime(pid int) time.Duration {
	const scheduled = 2 // CPUCLOCK_SCHED, linux/posix-timers.h
	var ts unix.Timespec
	_ = unix.ClockGettime(int32(^pid<<3|scheduled), &ts) // fails if there is no such process
	return time.Duration(ts.Nano())
}
