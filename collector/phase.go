package collector

import (
	"cmp"
	"slices"
	"time"
)

// PhaseName names a phase of a start.
type PhaseName string

// The phases of a start, in the order in which runc goes through them. Each begins
// at an event and lasts until the next one begins. Which phases occur, and in which
// order, follows from the events, never from the runtime's name.
//
//	engine ──prepare── rootfs mount that stays, veth
//	   │
//	shim ────shim───── containerd-shim -id ID | conmon -c ID
//	   │
//	runtime ─create─── runc create | runc run
//	   │     cgroup─── first mkdir or attach of the container's cgroup
//	   │ namespaces─── runc:[0:PARENT] ─▶ [1:CHILD] ─▶ [2:INIT]   (crun: one clone)
//	   │                                                  │
//	   │                                         rootfs ──┤ init's first mount
//	   │ hooks ─────── prestart, createRuntime, createContainer
//	   │                                           init ──┤ pivot_root, or the last of those hooks gone
//	   │ wait ──────── create exits 0                     │ (seccomp, capabilities, exec.fifo)
//	   │                                                  │
//	runtime ─start──── runc start ───────────────────▶ execve(entrypoint): the end
const (
	PhasePrepare    PhaseName = "prepare"
	PhaseShim       PhaseName = "shim"
	PhaseCreate     PhaseName = "create"
	PhaseCgroup     PhaseName = "cgroup"
	PhaseNamespaces PhaseName = "namespaces"
	PhaseRootfs     PhaseName = "rootfs"
	PhaseHooks      PhaseName = "hooks"
	PhaseInit       PhaseName = "init"
	PhaseWait       PhaseName = "wait"
	PhaseStart      PhaseName = "start"
)

// phaseOrder is the order of phases that begin at the same nanosecond. Prepare has
// no mark: it is the time before the first.
var phaseOrder = [...]PhaseName{
	PhaseShim, PhaseCreate, PhaseCgroup, PhaseNamespaces,
	PhaseRootfs, PhaseHooks, PhaseInit, PhaseWait, PhaseStart,
}

// marks are the boot times at which the phases of a start begin, in phaseOrder; 0
// means that a phase has not begun.
type marks [len(phaseOrder)]int64

func (m *marks) index(name PhaseName) int { return slices.Index(phaseOrder[:], name) }

// set begins a phase, unless it has begun: each occurs at most once.
func (m *marks) set(name PhaseName, at int64) {
	if i := m.index(name); m[i] == 0 {
		m[i] = at
	}
}

// clear undoes the beginning of a phase.
func (m *marks) clear(name PhaseName) { m[m.index(name)] = 0 }

func (m *marks) has(name PhaseName) bool { return m[m.index(name)] != 0 }

// at returns the phase at a moment; before the first mark it is prepare.
func (m *marks) at(moment int64) PhaseName {
	last, name := int64(0), PhasePrepare
	for i, begin := range m {
		if begin != 0 && begin <= moment && begin >= last {
			last, name = begin, phaseOrder[i]
		}
	}
	return name
}

// partition cuts the time from begin to end at the marks. The durations sum to
// end-begin: each phase lasts until the next one begins.
func (m *marks) partition(begin, end int64) []Phase {
	var list []Phase
	for i, at := range m {
		if at != 0 && at <= end {
			list = append(list, Phase{Name: phaseOrder[i], Begin: time.Duration(at - begin)})
		}
	}
	slices.SortStableFunc(list, func(a, b Phase) int { return cmp.Compare(a.Begin, b.Begin) })
	if len(list) == 0 || list[0].Begin > 0 {
		list = slices.Insert(list, 0, Phase{Name: PhasePrepare})
	}
	for i := range list {
		next := time.Duration(end - begin)
		if i+1 < len(list) {
			next = list[i+1].Begin
		}
		list[i].Duration = next - list[i].Begin
	}
	return list
}
