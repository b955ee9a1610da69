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

// bpftrace is a bpftrace process that runs the script.
type bpftrace struct{ cmd *exec.Cmd }

// startBPFtrace starts bpftrace and returns when all probes of the script are
// attached.
func startBPFtrace() (*bpftrace, error) {
	b := &bpftrace{cmd: exec.Command("bpftrace", "-e", strings.ReplaceAll(script, "NAMED", nameCondition()))}
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
	if line, err := lines.ReadString('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("bpftrace: %s", b.cmd.Stderr), err, b.Close())
	} else if _, err := fmt.Sscanf(line, "Attaching %d probes...", &probes); err != nil {
		return nil, errors.Join(fmt.Errorf("bpftrace began with %q", line), b.Close())
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	for begin := time.Now(); b.attached() < probes; time.Sleep(50 * time.Millisecond) {
		if time.Since(begin) > bpftraceTimeout {
			return nil, errors.Join(fmt.Errorf("bpftrace attached %d of %d probes in %v", b.attached(), probes, bpftraceTimeout), b.Close())
		}
	}
	return b, nil
}

// attached returns the number of attached probes: bpftrace opens a perf event
// for each, after one for each CPU, for its output.
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

// Close kills bpftrace, which detaches its probes.
func (b *bpftrace) Close() error {
	err := b.cmd.Process.Kill()
	_ = b.cmd.Wait() // the error is that it was killed
	return err
}

// nameCondition returns the condition that replaces NAMED in the script. The
// kernel truncates comm to 15 characters.
func nameCondition() string {
	var conditions []string
	for _, name := range append(engine.Executables(), ociruntime.Executables()...) {
		conditions = append(conditions, fmt.Sprintf("comm == %q", name[:min(len(name), 15)]))
	}
	return strings.Join(conditions, " || ")
}
