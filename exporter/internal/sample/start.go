// Package sample has container starts for tests: those by which metrics and
// traces are tested, those that are drawn, and random ones. Only tests import
// it.
package sample

import (
	"strconv"
	"time"

	"container_start_exporter/collector"
)

// ms returns a duration of n milliseconds.
func ms(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }

// phaseAt is a phase's name and its begin in milliseconds.
type phaseAt struct {
	name collector.PhaseName
	at   float64
}

// partition returns phases that sum to total milliseconds.
func partition(total float64, marks ...phaseAt) []collector.Phase {
	phases := make([]collector.Phase, len(marks))
	for i, m := range marks {
		end := ms(total)
		if i+1 < len(marks) {
			end = ms(marks[i+1].at)
		}
		phases[i] = collector.Phase{Name: m.name, Begin: ms(m.at), Duration: end - ms(m.at)}
	}
	return phases
}

func operation(name collector.OperationName, in collector.PhaseName, begin, took float64, attributes ...string) collector.Operation {
	o := collector.Operation{Name: name, Phase: in, Begin: ms(begin), Duration: ms(took)}
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
func Docker() *collector.Start {
	const rootfs = "/var/lib/docker/overlay2/5f0c/merged"
	s := &collector.Start{
		ContainerID: "8b0e7d5a9c3f41e2b6d7a8c9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3",
		Name:        "web", Image: "alpine", Engine: "docker", Runtime: "runc",
		Kind: collector.KindOfContainer, Outcome: collector.Started,
		Begin:    time.Date(2026, 11, 23, 9, 30, 0, 125_000_000, time.UTC),
		Duration: ms(281.25),
		Phases: partition(281.25,
			phaseAt{collector.PhasePrepare, 0}, phaseAt{collector.PhaseShim, 48.5}, phaseAt{collector.PhaseCreate, 74.25},
			phaseAt{collector.PhaseCgroup, 81}, phaseAt{collector.PhaseNamespaces, 95.5}, phaseAt{collector.PhaseRootfs, 118},
			phaseAt{collector.PhaseHooks, 121.75}, phaseAt{collector.PhaseInit, 253.5}, phaseAt{collector.PhaseWait, 269.5},
			phaseAt{collector.PhaseStart, 275}),
		Operations: []collector.Operation{
			operation(collector.OpRootfsMount, collector.PhasePrepare, 0, .75, collector.AttrSource, "overlay", collector.AttrTarget, rootfs, collector.AttrType, "overlay"),
			operation(collector.OpVeth, collector.PhasePrepare, 9.5, 2.25, collector.AttrHost, "veth1a2b3c4", collector.AttrContainer, "eth0"),
			operation(collector.OpShim, collector.PhaseShim, 48.5, 24, collector.AttrPID, "4101", collector.AttrExitCode, "0"),
			operation(collector.OpRuntime, collector.PhaseCreate, 74.25, 195.25, collector.AttrRuntime, "runc", collector.AttrCommand, "create", collector.AttrPID, "4120", collector.AttrExitCode, "0"),
			operation(collector.OpCgroup, collector.PhaseCgroup, 81, 13.5, collector.AttrPath, "/docker/8b0e7d5a"),
			operation(collector.OpNetns, collector.PhaseNamespaces, 97, 1.5, collector.AttrInode, "4026532270"),
			operation(collector.OpMount, collector.PhaseRootfs, 118, .05, collector.AttrSource, rootfs, collector.AttrTarget, rootfs, collector.AttrType, "bind"),
			operation(collector.OpMount, collector.PhaseRootfs, 118.5, .02, collector.AttrSource, "proc", collector.AttrTarget, rootfs+"/proc", collector.AttrType, "proc"),
			operation(collector.OpHook, collector.PhaseHooks, 121.75, 130.5, collector.AttrHook, "libnetwork-setkey", collector.AttrKind, "prestart", collector.AttrPID, "4150", collector.AttrExitCode, "0"),
			operation(collector.OpPivotRoot, collector.PhaseInit, 255, .125),
			operation(collector.OpMount, collector.PhaseInit, 256, .01, collector.AttrTarget, "/proc/acpi", collector.AttrType, "tmpfs", collector.AttrError, "no such file or directory"),
			operation(collector.OpRuntime, collector.PhaseStart, 275, 8, collector.AttrRuntime, "runc", collector.AttrCommand, "start", collector.AttrPID, "4190", collector.AttrExitCode, "0"),
		},
		Counts:     collector.Counts{Mounts: 38, EngineMounts: 1, Execs: 9, Namespaces: 5, Veths: 1},
		Namespaces: collector.Namespaces{Mnt: 4026532266, UTS: 4026532267, IPC: 4026532268, PID: 4026532269, Net: 4026532270},
		Veths:      []collector.Veth{{Host: "veth1a2b3c4", Container: "eth0", Address: "172.17.0.2/16"}},
		PID:        4148, Ready: ms(42), TraceID: "4bf92f3577b34da6a3ce929d0e0e4736", SpanID: "a3ce929d0e0e4736",
	}
	return s
}

// Bare returns the start by a bare `crun run`: four phases, no engine.
func Bare() *collector.Start {
	return &collector.Start{
		ContainerID: "busybox", Engine: "none", Runtime: "crun", Kind: collector.KindOfContainer, Outcome: collector.Started,
		Begin: time.Date(2026, 11, 23, 9, 31, 0, 0, time.UTC), Duration: ms(5.5),
		Phases: partition(5.5, phaseAt{collector.PhaseCreate, 0}, phaseAt{collector.PhaseNamespaces, 1.25},
			phaseAt{collector.PhaseRootfs, 2}, phaseAt{collector.PhaseInit, 4}),
		Operations: []collector.Operation{
			operation(collector.OpRuntime, collector.PhaseCreate, 0, 905.5, collector.AttrRuntime, "crun", collector.AttrCommand, "run", collector.AttrPID, "77", collector.AttrExitCode, "0"),
		},
		Counts: collector.Counts{Mounts: 21, Execs: 2, Namespaces: 5}, PID: 79, TraceID: "0af7651916cd43dd8448eb211c80319c", SpanID: "8448eb211c80319c",
	}
}

// Failed returns the start of a pod's container whose hook failed.
func Failed() *collector.Start {
	return &collector.Start{
		ContainerID: "c0ffee00", Engine: "cri", Runtime: "runc", Kind: collector.KindOfContainer,
		Outcome: collector.Failed, ErrorType: collector.ErrorHook, FailedPhase: collector.PhaseHooks, Error: "hook check exited with status 3",
		Begin: time.Date(2026, 11, 23, 9, 32, 0, 0, time.UTC), Duration: ms(96),
		Phases: partition(96, phaseAt{collector.PhaseCreate, 0}, phaseAt{collector.PhaseNamespaces, 20},
			phaseAt{collector.PhaseRootfs, 40}, phaseAt{collector.PhaseHooks, 60}),
		Operations: []collector.Operation{
			operation(collector.OpRuntime, collector.PhaseCreate, 0, 96, collector.AttrRuntime, "runc", collector.AttrCommand, "create", collector.AttrPID, "90", collector.AttrExitCode, "1"),
			operation(collector.OpHook, collector.PhaseHooks, 60, 30, collector.AttrHook, "check it", collector.AttrKind, "createRuntime", collector.AttrPID, "95", collector.AttrExitCode, "3"),
		},
		TraceID: "11111111222222223333333344444444", SpanID: "3333333344444444",
	}
}

// Incomplete returns a start that lost events.
func Incomplete() *collector.Start {
	return &collector.Start{
		ContainerID: "deadbeef", Engine: "podman", Runtime: "crun", Kind: collector.KindOfContainer,
		Outcome: collector.Incomplete, Error: "12 events were lost", Begin: time.Date(2026, 11, 23, 9, 33, 0, 0, time.UTC),
		Duration: ms(30), Phases: partition(30, phaseAt{collector.PhasePrepare, 0}),
		TraceID: "aaaaaaaabbbbbbbbccccccccdddddddd", SpanID: "ccccccccdddddddd",
	}
}

// Many returns n different starts.
func Many(n int) []*collector.Start {
	starts := make([]*collector.Start, n)
	for i := range starts {
		starts[i] = Docker()
		starts[i].ContainerID += strconv.Itoa(i)
	}
	return starts
}
