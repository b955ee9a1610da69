package collector

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// tally is an observer that keeps all results and checks each start.
type tally struct {
	t        *testing.T
	starts   []*start.Start
	commands []Command
	veths    []VethChanged
	spaces   []NamespaceCreated
	programs []NetworkProgram
}

func (o *tally) Start(s *start.Start) {
	o.starts = append(o.starts, s)
	if err := wellFormed(s); err != nil {
		o.t.Errorf("start %s: %v", s.ContainerID, err)
	}
}
func (o *tally) Ready(s *start.Start) {
	if s.Ready < 0 || s.Outcome != start.Started {
		o.t.Errorf("start %s, %s, listens after %v", s.ContainerID, s.Outcome, s.Ready)
	}
}
func (o *tally) NodeFact(f Fact) {
	switch f := f.(type) {
	case Command:
		o.commands = append(o.commands, f)
	case NamespaceCreated:
		o.spaces = append(o.spaces, f)
	case NetworkProgram:
		o.programs = append(o.programs, f)
	case VethChanged:
		o.veths = append(o.veths, f)
	}
}

// wellFormed checks what must hold for every record, whatever the events were.
func wellFormed(s *start.Start) error {
	var sum time.Duration
	for _, p := range s.Phases {
		if p.Begin != sum || p.Duration < 0 {
			return fmt.Errorf("phase %s begins at %d, the one before ends at %d", p.Name, p.Begin, sum)
		}
		sum += p.Duration
	}
	if sum != s.Duration {
		return fmt.Errorf("the phases sum to %d of %d", sum, s.Duration)
	}
	for _, o := range s.Operations {
		if o.Begin < 0 || o.Duration < 0 || o.Begin+o.Duration > s.Duration {
			return fmt.Errorf("operation %s lies outside: %d for %d of %d", o.Name, o.Begin, o.Duration, s.Duration)
		}
	}
	if (s.Outcome == start.Failed) != (s.FailedPhase != "") {
		return fmt.Errorf("outcome %s with failed phase %q", s.Outcome, s.FailedPhase)
	}
	if len(s.TraceID) != 32 {
		return fmt.Errorf("trace id %q", s.TraceID)
	}
	return nil
}

// TestAnyEvents feeds random events, most of which make no sense together: nothing
// may panic, vanish or grow without bound.
func TestAnyEvents(t *testing.T) {
	for seed := range uint64(1000) {
		random := rand.New(rand.NewPCG(seed, 7))
		o := &tally{t: t}
		a := New(Config{StartTimeout: time.Second}, o, o)
		for range 3000 {
			a.Handle(anyEvent(random, a.clock.now))
			checkConservation(t, a)
		}
		a.Close()
		if s := a.Stats(); s.InProgress != 0 {
			t.Fatalf("seed %d: %d starts in progress after Close", seed, s.InProgress)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// checkConservation checks that no event and no attempt has vanished.
func checkConservation(t *testing.T, a *Assembler) {
	t.Helper()
	s := a.Stats()
	if s.Received != s.Joined+s.Node+s.Unjoined+uint64(s.Waiting) {
		t.Fatalf("received %d, but joined %d + node %d + unjoined %d + waiting %d", s.Received, s.Joined, s.Node, s.Unjoined, s.Waiting)
	}
	ended := uint64(0)
	for _, n := range s.Ended {
		ended += n
	}
	if s.Attempted != ended+s.Discarded+s.Refused()+uint64(s.InProgress+s.NestedInProgress) {
		t.Fatalf("%d attempts, but %v ended + %d discarded + %d refused + %d and %d nested in progress", s.Attempted, s.Ended, s.Discarded, s.Refused(), s.InProgress, s.NestedInProgress)
	}
	if waitingBytes(a) < 0 || s.Waiting < 0 || s.Waiting == 0 && waitingBytes(a) != 0 {
		t.Fatalf("%d events of %d bytes wait", s.Waiting, waitingBytes(a))
	}
}

// waitingBytes returns how many bytes of events wait.
func waitingBytes(a *Assembler) (n int) {
	a.origins.each(func(o *origin) { n += o.waitingBytes })
	return n
}

// anyKinds are all kinds and an unknown one; those that make up a start are drawn
// more often.
var anyKinds = slices.Concat(event.AllKinds, []event.Kind{event.KindFork, event.KindExec, event.KindExec, event.KindMount, "unheard-of"})

var anyArgs = [][]string{
	nil, {"runc"}, {"runc", "init"}, {"runc", "create", "a"}, {"runc", "--root", "/r", "create", "b"},
	{"runc", "run", "a"}, {"runc", "start", "a"}, {"runc", "kill", "a"}, {"runc", "delete", "a"},
	{"crun", "run", "c"}, {"crun", "create", "c"}, {"crun", "start", "c"}, {"crun", "exec", "c", "sh"},
	{"containerd-shim-runc-v2", "-namespace", "moby", "-id", "a", "start"},
	{"containerd-shim-runc-v2", "-namespace", "moby", "-id", "a"},
	{"conmon", "-c", "c"}, {"/bin/hook"}, {"sh"},
}

func anyEvent(random *rand.Rand, now int64) *event.Event {
	pick := func(n int) int { return random.IntN(n) }
	e := &event.Event{
		Time: now + random.Int64N(int64(20*time.Millisecond)) - int64(time.Millisecond),
		Kind: anyKinds[pick(len(anyKinds))], PID: pick(12), StartTime: int64(pick(3)), TID: pick(12),
		Duration: random.Int64N(1000), Ret: int64(pick(3) - 1), Nested: []uint32{0, 0, 0, 7, 8}[pick(5)], Child: pick(12), ChildStartTime: int64(pick(3)),
		Args: anyArgs[pick(len(anyArgs))], File: []string{"", "/h", "/bin/x"}[pick(3)],
		Status: []int{0, 256, 9}[pick(3)], Name: []string{"", "runc:[0:PARENT]", "runc:[2:INIT]", "veth1"}[pick(4)],
		Target: []string{"", ".", "/r", "/r/x"}[pick(4)], Path: []string{"/a", "/docker/b"}[pick(2)],
		Message: []string{"RTM_NEWLINK", "RTM_SETLINK", "RTM_DELLINK", "RTM_NEWADDR"}[pick(4)],
		Index:   pick(4), PeerIndex: pick(4), LinkType: []string{"", "veth"}[pick(2)], NetNS: uint32(pick(3)),
		LinkNS: uint32(pick(3)), PeerName: []string{"", "veth2"}[pick(2)], Address: []string{"", "10.0.0.2/16"}[pick(2)],
		NewMntNS: pick(2) == 0, MntNS: uint32(pick(3)), Waited: random.Int64N(1000),
		TargetNS: uint32(pick(3)), Moved: pick(2) == 0, Lost: 1, What: "mount", Wall: int64(pick(1000)),
	}
	if pick(4) == 0 {
		e.Flags = unix.CLONE_NEWNET | unix.CLONE_NEWNS
		e.Namespaces = &event.Namespaces{Net: uint32(pick(4)), Mnt: uint32(pick(4))}
	}
	if pick(2) == 0 {
		e.Bundle = &event.Bundle{Root: "/r", Hooks: []event.Hook{{Kind: "prestart", Path: "/h"}}}
	}
	if e.Kind == event.KindLost && pick(20) > 0 {
		e.Kind = event.KindClock
	}
	return e
}
