package main

import (
	"bufio"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"container_start_exporter/collector/engine"
	ociruntime "container_start_exporter/collector/runtime"
)

//go:embed equivalent.bt
var script string

const bpftraceTimeout = 30 * time.Second

// bpftrace is one that runs the script.
type bpftrace struct{ cmd *exec.Cmd }

// startBPFtrace returns when all probes of the script are attached.
func startBPFtrace() (*bpftrace, error) {
	b := &bpftrace{cmd: exec.Command("bpftrace", "-e", strings.ReplaceAll(script, "NAMED", named()))}
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	b.cmd.Stderr = new(strings.Builder)
	if err := b.cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(out)
	var probes int
	if said, err := lines.ReadString('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("bpftrace: %s", b.cmd.Stderr), err, b.Close())
	} else if _, err := fmt.Sscanf(said, "Attaching %d probes...", &probes); err != nil {
		return nil, errors.Join(fmt.Errorf("bpftrace says %q", said), b.Close())
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	for begin := time.Now(); b.attached() < probes; time.Sleep(50 * time.Millisecond) {
		if time.Since(begin) > bpftraceTimeout {
			return nil, errors.Join(fmt.Errorf("bpftrace attached %d of %d probes in %v", b.attached(), probes, bpftraceTimeout), b.Close())
		}
	}
	return b, nil
}

// attached is how many events it has opened, each when it attached a probe.
// Those that it opened for its output were before.
func (b *bpftrace) attached() int {
	n := -online
	fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", b.cmd.Process.Pid))
	for _, fd := range fds {
		if to, err := os.Readlink(fd); err == nil && to == "anon_inode:[perf_event]" {
			n++
		}
	}
	return n
}

// Close ends it: its probes go with it.
func (b *bpftrace) Close() error {
	err := b.cmd.Process.Kill()
	_ = b.cmd.Wait() // tells that it was killed
	return err
}

// named is the condition of the script: comm is cut off after 15 characters.
func named() string {
	var any []string
	for _, name := range append(engine.Executables(), ociruntime.Executables()...) {
		any = append(any, fmt.Sprintf("comm == %q", name[:min(len(name), 15)]))
	}
	return strings.Join(any, " || ")
}
