// Package sample has container starts for tests: those by which metrics and
// traces are tested, those that are drawn, and random ones. Only tests import
// it.
package sample

import (
	"strconv"
	"time"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// ms returns a duration of n milliseconds.
func ms(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }

// phaseAt is a phase's name and its begin in milliseconds.
type phaseAt struct {
	name start.PhaseName
	at   float64
}

// partition returns phases that sum to total milliseconds.
func partition(total float64, marks ...phaseAt) []start.Phase {
	phases := make([]start.Phase, len(marks))
	for i, m := range marks {
		end := ms(total)
		if i+1 < len(marks) {
			end = ms(marks[i+1].at)
		}
		phases[i] = start.Phase{Name: m.name, Begin: ms(m.at), Duration: end - ms(m.at)}
	}
	return phases
}

func operation(name start.OperationName, in start.PhaseName, begin, took float64, attributes ...string) start.Operation {
	o := start.Operation{Name: name, Phase: in, Begin: ms(begin), Duration: ms(took)}
	for i := 0; i+1 < len(attributes); i += 2 {
		if o.Attributes == nil {
			o.Attributes = map[string]string{}
		}
		o.Attributes[attributes[i]] = attributes[i+1]
	}
	return o
}

// Docker returns a start by Docker 20.10 with all ten phases. Its `runc
// start` exits after the entrypoint's exec.
func Docker() *start.Start {
	const rootfs = "/var/lib/docker/overlay2/5f0c/merged"
	s := &start.Start{
		ContainerID: "8b0e7d5a9c3f41e2b6d7a8c9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3",
		Name:        "web", Image: "alpine", Engine: "docker", Runtime: "runc",
		Kind: start.Container, Outcome: start.Started,
		Begin:    time.Date(2026, 11, 23, 9, 30, 0, 125_000_000, time.UTC),
		Duration: ms(281.25),
		Phases: partition(281.25,
			phaseAt{start.PhasePrepare, 0}, phaseAt{start.PhaseShim, 48.5}, phaseAt{start.PhaseCreate, 74.25},
			phaseAt{start.PhaseCgroup, 81}, phaseAt{start.PhaseNamespaces, 95.5}, phaseAt{start.PhaseRootfs, 118},
			phaseAt{start.PhaseHooks, 121.75}, phaseAt{start.PhaseInit, 253.5}, phaseAt{start.PhaseWait, 269.5},
			phaseAt{start.PhaseStart, 275}),
		Operations: []start.Operation{
			operation(start.OpRootfsMount, start.PhasePrepare, 0, .75, start.AttrSource, "overlay", start.AttrTarget, rootfs, start.AttrType, "overlay"),
			operation(start.OpVeth, start.PhasePrepare, 9.5, 2.25, start.AttrHost, "veth1a2b3c4", start.AttrContainer, "eth0"),
			operation(start.OpShim, start.PhaseShim, 48.5, 24, start.AttrPID, "4101", start.AttrExitCode, "0"),
			operation(start.OpRuntime, start.PhaseCreate, 74.25, 195.25, start.AttrRuntime, "runc", start.AttrCommand, "create", start.AttrPID, "4120", start.AttrExitCode, "0"),
			operation(start.OpCgroup, start.PhaseCgroup, 81, 13.5, start.AttrPath, "/docker/8b0e7d5a"),
			operation(start.OpNetns, start.PhaseNamespaces, 97, 1.5, start.AttrInode, "4026532270"),
			operation(start.OpMount, start.PhaseRootfs, 118, .05, start.AttrSource, rootfs, start.AttrTarget, rootfs, start.AttrType, "bind"),
			operation(start.OpMount, start.PhaseRootfs, 118.5, .02, start.AttrSource, "proc", start.AttrTarget, rootfs+"/proc", start.AttrType, "proc"),
			operation(start.OpHook, start.PhaseHooks, 121.75, 130.5, start.AttrHook, "libnetwork-setkey", start.AttrKind, "prestart", start.AttrPID, "4150", start.AttrExitCode, "0"),
			operation(start.OpPivotRoot, start.PhaseInit, 255, .125),
			operation(start.OpMount, start.PhaseInit, 256, .01, start.AttrTarget, "/proc/acpi", start.AttrType, "tmpfs", start.AttrError, "no such file or directory"),
			operation(start.OpRuntime, start.PhaseStart, 275, 8, start.AttrRuntime, "runc", start.AttrCommand, "start", start.AttrPID, "4190", start.AttrExitCode, "0"),
		},
		Counts:     start.Counts{Mounts: 38, EngineMounts: 1, Execs: 9, Namespaces: 5, Veths: 1},
		Namespaces: event.Namespaces{Mnt: 4026532266, UTS: 4026532267, IPC: 4026532268, PID: 4026532269, Net: 4026532270},
		Veths:      []start.Veth{{Host: "veth1a2b3c4", Container: "eth0", Address: "172.17.0.2/16"}},
		PID:        4148, Ready: ms(42), TraceID: "4bf92f3577b34da6a3ce929d0e0e4736", SpanID: "a3ce929d0e0e4736",
	}
	return s
}

// Bare returns the start by a bare `crun run`: four phases, no engine.
func Bare() *start.Start {
	return &start.Start{
		ContainerID: "busybox", Engine: "none", Runtime: "crun", Kind: start.Container, Outcome: start.Started,
		Begin: time.Date(2026, 11, 23, 9, 31, 0, 0, time.UTC), Duration: ms(5.5),
		Phases: partition(5.5, phaseAt{start.PhaseCreate, 0}, phaseAt{start.PhaseNamespaces, 1.25},
			phaseAt{start.PhaseRootfs, 2}, phaseAt{start.PhaseInit, 4}),
		Operations: []start.Operation{
			operation(start.OpRuntime, start.PhaseCreate, 0, 905.5, start.AttrRuntime, "crun", start.AttrCommand, "run", start.AttrPID, "77", start.AttrExitCode, "0"),
		},
		Counts: start.Counts{Mounts: 21, Execs: 2, Namespaces: 5}, PID: 79, TraceID: "0af7651916cd43dd8448eb211c80319c", SpanID: "8448eb211c80319c",
	}
}

// Failed returns the start of a pod's container whose hook failed.
func Failed() *start.Start {
	return &start.Start{
		ContainerID: "c0ffee00", Engine: "cri", Runtime: "runc", Kind: start.Container,
		Name: "check", Pod: &start.Pod{Name: "shop-7d4b9c-x2x8k", Namespace: "default", UID: "5c4d", SandboxID: "beef"},
		Outcome: start.Failed, ErrorType: start.ErrorHook, FailedPhase: start.PhaseHooks, Error: "hook check exited with status 3",
		Begin: time.Date(2026, 11, 23, 9, 32, 0, 0, time.UTC), Duration: ms(96),
		Phases: partition(96, phaseAt{start.PhaseCreate, 0}, phaseAt{start.PhaseNamespaces, 20},
			phaseAt{start.PhaseRootfs, 40}, phaseAt{start.PhaseHooks, 60}),
		Operations: []start.Operation{
			operation(start.OpRuntime, start.PhaseCreate, 0, 96, start.AttrRuntime, "runc", start.AttrCommand, "create", start.AttrPID, "90", start.AttrExitCode, "1"),
			operation(start.OpHook, start.PhaseHooks, 60, 30, start.AttrHook, "check it", start.AttrKind, "createRuntime", start.AttrPID, "95", start.AttrExitCode, "3"),
		},
		TraceID: "11111111222222223333333344444444", SpanID: "3333333344444444",
	}
}

// Incomplete returns a start that lost events.
func Incomplete() *start.Start {
	return &start.Start{
		ContainerID: "deadbeef", Engine: "podman", Runtime: "crun", Kind: start.Container,
		Outcome: start.Incomplete, Error: "12 events were lost", Begin: time.Date(2026, 11, 23, 9, 33, 0, 0, time.UTC),
		Duration: ms(30), Phases: partition(30, phaseAt{start.PhasePrepare, 0}), Degraded: []string{start.DegradedBundle, start.LacksPhase(start.PhaseRootfs)},
		TraceID: "aaaaaaaabbbbbbbbccccccccdddddddd", SpanID: "ccccccccdddddddd",
	}
}

// Many returns n different starts.
func Many(n int) []*start.Start {
	starts := make([]*start.Start, n)
	for i := range starts {
		starts[i] = Docker()
		starts[i].ContainerID += strconv.Itoa(i)
	}
	return starts
}
