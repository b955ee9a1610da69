package collector

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// hostile is an assembler that a test drives with events that nobody would expect.
type hostile struct {
	*Assembler
	*tally
	now int64
}

func newHostile(t *testing.T) *hostile {
	h := &hostile{tally: &tally{t: t}, now: 1}
	h.Assembler = New(Config{}, h.tally, h.tally)
	return h
}

// do handles an event a microsecond after the one before.
func (h *hostile) do(e event.Event) {
	h.now += 1000
	e.Time = h.now
	h.Handle(&e)
}

// launchByEngine lets an engine of the host execute a shim.
func (h *hostile) launchByEngine(pid int, id string) {
	const enginePID = 1
	h.do(event.Event{Kind: event.KindProcess, PID: enginePID, Args: []string{"containerd"}})
	h.do(event.Event{Kind: event.KindFork, PID: enginePID, Child: pid})
	h.do(event.Event{Kind: event.KindExec, PID: pid, Args: launch(id)})
}

// TestShimsThatDoNothing executes shims that exit. If an engine has executed them, they
// are given up after 30 s, and before that if there is no room for another; otherwise
// at once. No start is refused or given up for them.
func TestShimsThatDoNothing(t *testing.T) {
	for _, byEngine := range []bool{true, false} {
		h := newHostile(t)
		const shimPID, daemonPID, runcPID = 10, 11, 12
		h.launchByEngine(shimPID, "inprogress")
		h.do(event.Event{Kind: event.KindFork, PID: shimPID, Child: daemonPID})
		h.do(event.Event{Kind: event.KindExit, PID: shimPID})
		for i := range 2 * maxAttempts {
			if byEngine {
				h.launchByEngine(100+i, fmt.Sprint(i))
			} else {
				h.do(event.Event{Kind: event.KindExec, PID: 100 + i, Args: launch(fmt.Sprint(i))})
			}
			h.do(event.Event{Kind: event.KindExit, PID: 100 + i})
		}
		h.do(event.Event{Kind: event.KindFork, PID: daemonPID, Child: runcPID})
		h.do(event.Event{Kind: event.KindExec, PID: runcPID, Args: []string{"runc", "create", "--bundle", "/b", "inprogress"}})
		inProgress, refused := maxAttempts, maxAttempts+1
		if !byEngine {
			inProgress, refused = 1, 0
		}
		s := h.Stats()
		if s.Attempted != 2*maxAttempts+1 || s.InProgress != inProgress || s.Refused() != uint64(refused) || len(h.tally.starts) != 0 {
			t.Errorf("by an engine %t: %d attempts, %d in progress, %d refused, %d reported", byEngine, s.Attempted, s.InProgress, s.Refused(), len(h.tally.starts))
		}
		for _, att := range h.Assembler.starts.byCreate {
			if att.id != "inprogress" || att.shim == nil || att.create == nil {
				t.Errorf("start %q has lost its shim", att.id)
			}
		}
		if len(h.Assembler.starts.byCreate) != 1 {
			t.Errorf("%d create commands belong to a start", len(h.Assembler.starts.byCreate))
		}
		h.now += int64(abandonedTTL)
		h.do(event.Event{Kind: event.KindListen})
		if s := h.Stats(); s.InProgress != 1 || s.Discarded+s.Refused() != 2*maxAttempts || len(h.tally.starts) != 0 {
			t.Errorf("by an engine %t: 30 s later %d in progress, %d discarded, %d reported", byEngine, s.InProgress, s.Discarded, len(h.tally.starts))
		}
	}
}

// TestSharedShim executes a shim for a second container of a pod, as containerd 1
// does: it finds the pod's shim, and exits before that executes the runtime. The
// phase shim is the second container's all the same.
func TestSharedShim(t *testing.T) {
	h := newHostile(t)
	const first, daemon, second, runc = 10, 11, 12, 13
	h.launchByEngine(first, "sandbox")
	h.do(event.Event{Kind: event.KindFork, PID: first, Child: daemon})
	h.do(event.Event{Kind: event.KindExit, PID: first})
	h.launchByEngine(second, "member")
	began := h.now
	h.do(event.Event{Kind: event.KindExit, PID: second})
	h.do(event.Event{Kind: event.KindFork, PID: daemon, Child: runc})
	h.do(event.Event{Kind: event.KindExec, PID: runc, Args: []string{"runc", "create", "--bundle", "/b", "member"}})
	for _, att := range h.Assembler.starts.byCreate {
		if att.id != "member" || att.begin != began {
			t.Errorf("start %q begins at %d; its shim was executed at %d", att.id, att.begin, began)
		}
	}
	if len(h.Assembler.starts.byCreate) != 1 {
		t.Errorf("%d create commands belong to a start", len(h.Assembler.starts.byCreate))
	}
}

// TestRefusedVeths asks rtnetlink for veths that the kernel does not make: by
// tracepoints a request does not show that it was refused. None is in the record.
func TestRefusedVeths(t *testing.T) {
	h := newHostile(t)
	h.do(event.Event{Kind: event.KindExec, PID: 1, Args: []string{"runc", "create", "a"}})
	h.do(event.Event{Kind: event.KindFork, PID: 1, Child: 2})
	for i := range 8000 {
		h.do(event.Event{Kind: event.KindNetlink, PID: 1, Message: "RTM_NEWLINK", LinkType: "veth", LinkNS: 5,
			Name: fmt.Sprint("veth", i), PeerName: fmt.Sprint("peer", i), Ret: 0})
	}
	h.do(event.Event{Kind: event.KindExit, PID: 1, Status: 1 << 8})
	if len(h.tally.starts) != 1 {
		t.Fatalf("%d starts", len(h.tally.starts))
	}
	if s := h.tally.starts[0]; len(s.Veths) != 0 || s.Counts.Veths != 0 {
		t.Errorf("%d veths, of which the kernel made none", len(s.Veths))
	}
	checkConservation(t, h.Assembler)
}

// TestConfirmedVeth makes a veth as an engine does, among refused requests: it is the
// one in the record.
func TestConfirmedVeth(t *testing.T) {
	h := newHostile(t)
	h.do(event.Event{Kind: event.KindExec, PID: 1, Args: []string{"runc", "create", "a"}})
	h.do(event.Event{Kind: event.KindFork, PID: 1, Child: 2})
	for _, name := range []string{"refused", "made"} {
		h.do(event.Event{Kind: event.KindNetlink, PID: 1, Message: "RTM_NEWLINK", LinkType: "veth", LinkNS: 5, Name: name, PeerName: name + "-peer"})
	}
	h.do(event.Event{Kind: event.KindLink, Message: "RTM_NEWLINK", LinkType: "veth", LinkNS: 5, Index: 7, PeerIndex: 8, Name: "made"})
	h.do(event.Event{Kind: event.KindExit, PID: 1, Status: 1 << 8})
	if s := h.tally.starts[0]; len(s.Veths) != 1 || s.Veths[0].Host != "made" || s.Counts.Veths != 1 {
		t.Errorf("veths %+v", s.Veths)
	}
}

// TestStormOfMounts lets an init fail at mounting long paths: they are counted, the
// record stays small and says that it has not all of them.
func TestStormOfMounts(t *testing.T) {
	h := newHostile(t)
	long := "/" + strings.Repeat("x", 4000)
	h.do(event.Event{Kind: event.KindExec, PID: 1, Args: []string{"crun", "run", "a"}})
	h.do(event.Event{Kind: event.KindFork, PID: 1, Child: 2, Flags: unix.CLONE_NEWNS})
	for range 20000 {
		h.do(event.Event{Kind: event.KindMount, PID: 2, Source: long, Target: long, FSType: long, Data: long, Ret: -2})
	}
	h.do(event.Event{Kind: event.KindExec, PID: 2, Args: []string{"/bin/true"}})
	s := h.tally.starts[0]
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) > 4<<20 || s.Counts.Mounts != 20000 {
		t.Errorf("%d bytes of JSON, %d mounts counted", len(b), s.Counts.Mounts)
	}
	if !strings.Contains(strings.Join(s.Degraded, " "), start.DegradedOperations) {
		t.Errorf("degraded %q: the record does not say that operations are missing", s.Degraded)
	}
}

// TestWaitingBytes lets events with long texts wait for keys that no start owns: what
// waits is bounded in bytes.
func TestWaitingBytes(t *testing.T) {
	h := newHostile(t)
	for i := range maxWaiting {
		h.do(event.Event{Kind: event.KindMount, PID: 3, Target: fmt.Sprintf("/%d/%s", i, strings.Repeat("y", 4000)), Data: strings.Repeat("z", 4000)})
		if waitingBytes(h.Assembler) > maxWaitingBytes {
			t.Fatalf("after %d events %d bytes wait", i, waitingBytes(h.Assembler))
		}
	}
	if h.Stats().Waiting == 0 {
		t.Error("nothing waits")
	}
	checkConservation(t, h.Assembler)
	h.do(event.Event{Kind: event.KindClock})
	h.now += int64(time.Hour)
	h.do(event.Event{Kind: event.KindClock})
	if waitingBytes(h.Assembler) != 0 || h.Stats().Waiting != 0 {
		t.Errorf("%d events and %d bytes wait after an hour", h.Stats().Waiting, waitingBytes(h.Assembler))
	}
}

// TestRuntimeWithPluginsEnvironment executes a runtime with the environment of a CNI
// plugin: it is a runtime.
func TestRuntimeWithPluginsEnvironment(t *testing.T) {
	h := newHostile(t)
	h.do(event.Event{Kind: event.KindExec, PID: 1, File: "/usr/bin/crun", Args: []string{"crun", "run", "a"}, Env: []string{"CNI_COMMAND=ADD", "CNI_CONTAINERID=b"}})
	h.do(event.Event{Kind: event.KindFork, PID: 1, Child: 2, Flags: unix.CLONE_NEWNS})
	h.do(event.Event{Kind: event.KindExec, PID: 2, Args: []string{"/bin/true"}})
	if len(h.tally.starts) != 1 || h.tally.starts[0].Outcome != start.Started {
		t.Errorf("%d starts", len(h.tally.starts))
	}
}

// TestEndedStartHoldsNothing ends a start whose shim lives on for as long as the
// container: what the shim's process still refers to is small.
func TestEndedStartHoldsNothing(t *testing.T) {
	h := newHostile(t)
	h.do(event.Event{Kind: event.KindExec, PID: 1, Args: []string{"conmon", "-c", "a"}})
	h.do(event.Event{Kind: event.KindFork, PID: 1, Child: 2})
	h.do(event.Event{Kind: event.KindExec, PID: 2, Args: []string{"crun", "create", "a"}})
	h.do(event.Event{Kind: event.KindBundle, PID: 2, Bundle: &event.Bundle{Root: "/r", Hooks: []event.Hook{{Kind: "prestart", Path: "/h"}}}})
	h.do(event.Event{Kind: event.KindFork, PID: 2, Child: 3, Flags: unix.CLONE_NEWNS})
	h.do(event.Event{Kind: event.KindMount, PID: 3, Source: "proc", Target: "/proc"})
	h.do(event.Event{Kind: event.KindExec, PID: 3, Args: []string{"/bin/true"}})
	att := h.processes.byPID[1].attempt
	if att == nil || !att.ended || len(h.tally.starts) != 1 {
		t.Fatalf("the monitor's start has not ended: %+v", att)
	}
	if att.bundle != nil || att.operations != nil || att.engineMounts != nil || att.network.links != nil || att.hooks.used != nil {
		t.Errorf("an ended start holds %+v", att)
	}
}

// TestUnreadBundle ends a start whose bundle could not be read: its record says so.
func TestUnreadBundle(t *testing.T) {
	h := newHostile(t)
	for pid, bundle := range map[int]*event.Bundle{10: nil, 20: {Root: "/r"}} {
		h.do(event.Event{Kind: event.KindExec, PID: pid, Args: []string{"crun", "run", fmt.Sprint(pid)}})
		h.do(event.Event{Kind: event.KindBundle, PID: pid, Bundle: bundle})
		h.do(event.Event{Kind: event.KindFork, PID: pid, Child: pid + 1, Flags: unix.CLONE_NEWNS})
		h.do(event.Event{Kind: event.KindExec, PID: pid + 1, Args: []string{"/bin/true"}})
		s := h.tally.starts[len(h.tally.starts)-1]
		if got := strings.Join(s.Degraded, " "); got != map[bool]string{true: start.DegradedBundle}[bundle == nil] {
			t.Errorf("with the bundle %+v: degraded %q", bundle, got)
		}
	}
}
