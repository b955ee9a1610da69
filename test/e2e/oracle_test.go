package e2e

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/test/host"
)

// observer is an independent observer: bpftrace on the tracepoints that the
// exporter uses too; other code than the exporter's evaluates its lines. It is not
// strace, which would slow down what it times.
type observer struct{ *host.Process }

// observe starts an observer and waits until each of its probes has fired for this
// process.
func observe(t *testing.T) *observer {
	t.Helper()
	mountTracefs(t)
	cmd := exec.Command("bpftrace", "-B", "line", "testdata/oracle.bt")
	cmd.Env = append(os.Environ(), "BPFTRACE_STRLEN=128")
	o := &observer{host.Start(t, cmd)}
	o.WaitFor(t, 30*time.Second, "bpftrace's probes (package bpftrace)", func() bool {
		_ = exec.Command("/bin/true").Run()
		_ = unix.Mount("", "/nonexistent", "", 0, "")
		_ = unix.MoveMount(-1, "", -1, "", 0)
		text := o.Stdout.String()
		return !slices.ContainsFunc([]string{"fork", "rename", "exec", "mount", "move_mount"}, func(kind string) bool {
			return !strings.Contains(text, "\n"+kind+" ")
		})
	})
	return o
}

// mountTracefs mounts tracefs for the test, from which bpftrace reads its
// tracepoints.
func mountTracefs(t *testing.T) {
	t.Helper()
	const dir = "/sys/kernel/tracing"
	if _, err := os.Stat(filepath.Join(dir, "events")); err == nil {
		return
	}
	if err := unix.Mount("tracefs", dir, "tracefs", 0, ""); err != nil {
		t.Fatalf("mount %s: %v", dir, err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, 0) })
}

// observed is one line of the observer's output.
type observed struct {
	kind       string
	time       int64
	pid        int
	child      int    // fork
	flags      uint64 // fork
	parent     int    // rename: its real parent
	name       string // rename
	file       string // exec
	namespaces map[string]uint64
}

// stop interrupts the observer, which then writes what is still in its buffers, and
// returns its lines ordered by time.
func (o *observer) stop(t *testing.T) []observed {
	t.Helper()
	if err := o.End(os.Interrupt, 20*time.Second); err != nil {
		t.Fatal(err)
	}
	if text := o.Stdout.String() + o.Stderr.String(); strings.Contains(text, "Lost ") {
		t.Fatalf("bpftrace lost events:\n%s", o.Stderr.String())
	}
	var all []observed
	for line := range strings.Lines(o.Stdout.String()) {
		if one, ok := parseObserved(line); ok {
			all = append(all, one)
		}
	}
	slices.SortStableFunc(all, func(a, b observed) int { return cmp.Compare(a.time, b.time) })
	return all
}

func parseObserved(line string) (observed, bool) {
	s := observed{}
	rest := ""
	kind, fields, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	s.kind = kind
	var err error
	switch kind {
	case "fork":
		_, err = fmt.Sscanf(fields, "%d %d %d %d", &s.time, &s.pid, &s.child, &s.flags)
	case "rename":
		_, err = fmt.Sscanf(fields, "%d %d %d", &s.time, &s.pid, &s.parent)
		if parts := strings.SplitN(fields, " ", 4); len(parts) == 4 {
			s.name = parts[3]
		}
	case "exec":
		var mnt, uts, ipc, pid, net, cgroup uint64
		_, err = fmt.Sscanf(fields, "%d %d %d %d %d %d %d %d %s", &s.time, &s.pid, &mnt, &uts, &ipc, &pid, &net, &cgroup, &rest)
		s.file = rest
		s.namespaces = map[string]uint64{"mnt": mnt, "uts": uts, "ipc": ipc, "pid": pid, "net": net, "cgroup": cgroup}
	case "mount", "move_mount", "executed", "listen":
		_, err = fmt.Sscanf(fields, "%d %d", &s.time, &s.pid)
	default:
		return s, false
	}
	return s, err == nil
}

// observedStart is what the observer saw of one start.
type observedStart struct {
	mounts     int           // by init, until the entrypoint
	took       time.Duration // from the exec of the runtime's create to that of the entrypoint
	namespaces map[string]uint64
}

// findStart finds the start whose entrypoint runs as pid.
func findStart(t *testing.T, all []observed, pid int, runtime string) observedStart {
	t.Helper()
	forked, creator := initFork(all, pid, runtime)
	entrypoint := slices.IndexFunc(all, func(s observed) bool { return s.kind == "exec" && s.pid == pid && s.time > forked })
	created := firstExec(all, creator, runtime, forked)
	if forked == 0 || entrypoint < 0 || created == 0 {
		t.Fatalf("the observer did not see the start of pid %d: forked at %d, create by %d at %d", pid, forked, creator, created)
	}
	start := observedStart{namespaces: all[entrypoint].namespaces}
	start.took = time.Duration(all[entrypoint].time - created)
	for _, s := range all[:entrypoint] {
		if s.pid == pid && s.time > forked && strings.HasSuffix(s.kind, "mount") {
			start.mounts++
		}
	}
	return start
}

// initFork returns when an init was forked, and the process of the runtime that
// created it. For runc that is the real parent of the process named runc:[2:INIT]:
// it is cloned with CLONE_PARENT, so the process that forks it is a sibling. For
// crun it is the process that forks.
func initFork(all []observed, pid int, runtime string) (forked int64, creator int) {
	for _, s := range all {
		if s.kind == "fork" && s.child == pid {
			forked, creator = s.time, s.pid
		}
	}
	if runtime != "runc" {
		return forked, creator
	}
	for _, s := range all {
		if s.kind == "rename" && s.pid == pid && s.time > forked && s.name == "runc:[2:INIT]" {
			return forked, s.parent
		}
	}
	return 0, 0
}

// firstExec returns when a process first executed the runtime: the last process
// with that pid before a time. crun executes itself once more, from a copy.
func firstExec(all []observed, pid int, runtime string, before int64) int64 {
	var first int64
	for _, s := range all {
		if s.time >= before {
			break
		}
		switch {
		case s.kind == "fork" && s.child == pid:
			first = 0
		case s.kind == "exec" && s.pid == pid && first == 0 && filepath.Base(s.file) == runtime:
			first = s.time
		}
	}
	return first
}
