package bpf

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

func init() {
	scenarios["nested"] = nested
	scenarios["nested deeper"] = nestedDeeper
	scenarios["chroots"] = chroots
	scenarios["children"] = children
}

// inContainer are the attributes of a process in a pid namespace of its own.
var inContainer = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID}

// nested executes a program.
func nested(string) (results, error) {
	return results{"origin": ownNS("pid")}, exec.Command("/bin/true").Run()
}

// nestedDeeper executes a program in a further pid namespace.
func nestedDeeper(string) (results, error) {
	cmd := exec.Command("/bin/true")
	cmd.SysProcAttr = inContainer
	return results{"origin": ownNS("pid")}, cmd.Run()
}

const manyChroots = 3000

// chroots calls chroot with the longest path, more often than a container may in a second.
func chroots(string) (results, error) {
	path := strings.Repeat("/x", 2000)
	for range manyChroots {
		_ = unix.Chroot(path)
	}
	return results{"origin": ownNS("pid")}, nil
}

const manyChildren = 2500

// children forks more processes than a container may have watched, and ends them.
func children(string) (results, error) {
	r := results{"origin": ownNS("pid")}
	for range manyChildren {
		pid, _, errno := unix.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0)
		switch {
		case errno != 0:
			return nil, errno
		case pid == 0:
			for { // a child of which nothing but this thread exists
				_, _, _ = unix.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
			}
		}
		defer unix.Wait4(int(pid), nil, 0, nil)
		defer unix.Kill(int(pid), unix.SIGKILL)
	}
	return r, nil
}

// TestOrigin runs a watched program on the host, in a pid namespace of its own, and one
// level deeper: its events and those of its children have the outermost one below the
// host's.
func TestOrigin(t *testing.T) {
	for _, tt := range []struct {
		scenario   string
		attributes *syscall.SysProcAttr
	}{{"nested", nil}, {"nested", inContainer}, {"nested deeper", inContainer}} {
		w := watch(t, "cse-origin")
		state, _, r := playAs(t, "cse-origin", tt.scenario, tt.attributes)
		want := r["origin"]
		if tt.attributes == nil {
			want = 0
		}
		child := w.one(event.KindExec, func(e *event.Event) bool { return e.File == "/bin/true" }).PID
		for _, kind := range []event.Kind{event.KindExec, event.KindExit} {
			for _, pid := range []int{state.Pid(), child} {
				if e := w.one(kind, byPID(pid)); e.Nested != want {
					t.Errorf("%s: the %s of %d is of origin %d; want %d", tt.scenario, kind, pid, e.Nested, want)
				}
			}
		}
	}
}

// TestQuotas lets a watched program do more than a container may, on the host and in a
// pid namespace of its own: in there the rest is lost, counted, and said to be its own.
func TestQuotas(t *testing.T) {
	for scenario, many := range map[string]int{"chroots": manyChroots, "children": manyChildren} {
		for _, player := range []struct {
			name       string
			attributes *syscall.SysProcAttr
		}{{"cse-origin", nil}, {"cse-origin", inContainer}, {"cse-origin-2.1", inContainer}} {
			attributes := player.attributes
			w := watch(t, "cse-origin")
			before := w.Stats().Lost
			state, _, r := playAs(t, player.name, scenario, attributes)
			kind := map[string]event.Kind{"chroots": event.KindChroot, "children": event.KindExit}[scenario]
			seen := len(w.seen(kind, func(e *event.Event) bool {
				return e.PID == state.Pid() || kind == event.KindExit && e.Comm == player.name && e.PID != state.Pid()
			}))
			lost := uint64(0)
			for _, e := range w.seen(event.KindLost, func(e *event.Event) bool { return e.Cause == string(CauseOverQuota) }) {
				if e.Nested != r["origin"] {
					t.Errorf("%s: %d events of origin %d are lost; want only of %d", scenario, e.Lost, e.Nested, r["origin"])
				}
				lost += e.Lost
			}
			counted := uint64(0)
			for loss, n := range w.Stats().Lost {
				if loss.Cause == CauseOverQuota {
					counted += n - before[loss]
				}
			}
			if (lost > 0) != (attributes != nil) || counted != lost {
				t.Errorf("%s: in a container %t: %d of %d events seen, %d lost, %d counted", scenario, attributes != nil, seen, many, lost, counted)
			}
			chroots := Loss{event.KindChroot, CauseOverQuota} // other events of the process may be lost, too
			if n := int(w.Stats().Lost[chroots] - before[chroots]); attributes != nil && scenario == "chroots" && seen+n != many {
				t.Errorf("%d chroots seen and %d lost; want %d", seen, n, many)
			}
		}
	}
}
