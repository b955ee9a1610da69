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

// Attach is how long it takes until events come: milliseconds, of so many
// times the median and the least.
type Attach struct {
	Mechanism string  `json:"mechanism"`
	What      string  `json:"what"`
	Median    float64 `json:"median_ms"`
	Least     float64 `json:"least_ms"`
	CPU       float64 `json:"cpu_ms"` // of the exporter, median; the rest is waited
}

// taken is time that has passed, and CPU time of a process in it.
type taken struct{ passed, cpu time.Duration }

// attaching opens the probes here, and executes an exporter where there is one.
func attaching(mechanism string, times int, exporter string) ([]Attach, error) {
	progress("attach by %s", mechanism)
	opened, err := attach(mechanism, "probes opened", times, open(mechanism))
	if err != nil || exporter == "" {
		return []Attach{opened}, err
	}
	ready, err := attach(mechanism, "exec to ready", times, serveUntilReady(exporter, mechanism))
	return []Attach{opened, ready}, err
}

func attach(mechanism, what string, times int, once func() (taken, error)) (Attach, error) {
	var passed, cpu []float64
	for range times {
		took, err := once()
		if err != nil {
			return Attach{}, fmt.Errorf("%s by %s: %w", what, mechanism, err)
		}
		passed = append(passed, took.passed.Seconds()*1000)
		cpu = append(cpu, took.cpu.Seconds()*1000)
	}
	return Attach{Mechanism: mechanism, What: what,
		Median: quantile(passed, 0.5), Least: quantile(passed, 0), CPU: quantile(cpu, 0.5)}, nil
}

// open opens the probes in this process.
func open(mechanism string) func() (taken, error) {
	return func() (taken, error) {
		begin, before := time.Now(), cpuTime(0)
		e, err := openExporter(mechanism)
		if err != nil {
			return taken{}, err
		}
		return taken{time.Since(begin), cpuTime(0) - before}, e.Close()
	}
}

// serveUntilReady executes the exporter until it says that it is ready, as it
// does to systemd: to ask it again and again would take its CPUs from it.
func serveUntilReady(binary, mechanism string) func() (taken, error) {
	return func() (took taken, err error) {
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
		took = taken{time.Since(begin), cpuTime(cmd.Process.Pid)}
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
	said := make([]byte, 1024)
	for {
		n, err := socket.Read(said)
		if err != nil || bytes.HasPrefix(said[:n], []byte("READY=1")) {
			return err
		}
	}
}

// cpuTime is that of a process so far, of this one if 0: clock_getcpuclockid(3)
// without its lookup.
func cpuTime(pid int) time.Duration {
	const scheduled = 2 // CPUCLOCK_SCHED, linux/posix-timers.h
	var ts unix.Timespec
	_ = unix.ClockGettime(int32(^pid<<3|scheduled), &ts) // fails where there is no such process
	return time.Duration(ts.Nano())
}
