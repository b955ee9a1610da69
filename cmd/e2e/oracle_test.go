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
)

// oracle is the independent observer: bpftrace on the tracepoints that the
// exporter uses too, its lines put together here by other code. It is not
// strace, which would slow what it times.
type oracle struct{ *process }

// observe starts it and waits until each of its probes has fired for us.
func observe(t *testing.T) *oracle {
	t.Helper()
	mountTracefs(t)
	cmd := exec.Command("bpftrace", "-B", "line", "testdata/oracle.bt")
	cmd.Env = append(os.Environ(), "BPFTRACE_STRLEN=128")
	o := &oracle{startCmd(t, cmd)}
	waitFor(t, 30*time.Second, "bpftrace's probes (package bpftrace)", func() bool {
		if !o.running() {
			t.Fatalf("bpftrace ended\n%s", o.stderr.String())
		}
		_ = exec.Command("/bin/true").Run()
		_ = unix.Mount("", "/nonexistent", "", 0, "")
		_ = unix.MoveMount(-1, "", -1, "", 0)
		said := o.stdout.String()
		return !slices.ContainsFunc([]string{"fork", "rename", "exec", "mount", "move_mount"}, func(kind string) bool {
			return !strings.Contains(said, "\n"+kind+" ")
		})
	}, o.stderr.String)
	return o
}

// mountTracefs mounts what bpftrace reads its tracepoints from.
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

// seen is one line of it.
type seen struct {
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

// stop ends the observer, which then writes all that it still has, and gives
// what it saw, in the order of time.
func (o *oracle) stop(t *testing.T) []seen {
	t.Helper()
	if err := o.end(os.Interrupt, 20*time.Second); err != nil {
		t.Fatal(err)
	}
	if text := o.stdout.String() + o.stderr.String(); strings.Contains(text, "Lost ") {
		t.Fatalf("bpftrace lost events:\n%s", o.stderr.String())
	}
	var all []seen
	for line := range strings.Lines(o.stdout.String()) {
		if one, ok := parseSeen(line); ok {
			all = append(all, one)
		}
	}
	slices.SortStableFunc(all, func(a, b seen) int { return cmp.Compare(a.time, b.time) })
	return all
}

func parseSeen(line string) (seen, bool) {
	s := seen{}
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

// verdict is what the observer says of one start.
type verdict struct {
	mounts     int           // by init, until the entrypoint
	took       time.Duration // exec of the runtime's create to that of the entrypoint
	namespaces map[string]uint64
}

// judge puts together the start whose entrypoint runs as pid.
func judge(t *testing.T, all []seen, pid int, runtime string) verdict {
	t.Helper()
	born, creator := birth(all, pid, runtime)
	entrypoint := slices.IndexFunc(all, func(s seen) bool { return s.kind == "exec" && s.pid == pid && s.time > born })
	created := firstExec(all, creator, runtime, born)
	if born == 0 || entrypoint < 0 || created == 0 {
		t.Fatalf("the observer did not see the start of pid %d: born %d, create by %d at %d", pid, born, creator, created)
	}
	v := verdict{namespaces: all[entrypoint].namespaces}
	v.took = time.Duration(all[entrypoint].time - created)
	for _, s := range all[:entrypoint] {
		if s.pid == pid && s.time > born && strings.HasSuffix(s.kind, "mount") {
			v.mounts++
		}
	}
	return v
}

// birth is when an init was made, and by which process of the runtime: runc's
// is the real parent of what calls itself runc:[2:INIT], for with CLONE_PARENT
// the one that forks is a brother; crun's is the one that forks.
func birth(all []seen, pid int, runtime string) (born int64, creator int) {
	for _, s := range all {
		if s.kind == "fork" && s.child == pid {
			born, creator = s.time, s.pid
		}
	}
	if runtime != "runc" {
		return born, creator
	}
	for _, s := range all {
		if s.kind == "rename" && s.pid == pid && s.time > born && s.name == "runc:[2:INIT]" {
			return born, s.parent
		}
	}
	return 0, 0
}

// firstExec is when a process, the last of that pid before a time, executed
// the runtime first: crun executes itself once more, from a copy.
func firstExec(all []seen, pid int, runtime string, before int64) int64 {
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
