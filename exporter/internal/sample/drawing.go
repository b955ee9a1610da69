package sample

import (
	"strconv"
	"time"

	"container_start_exporter/collector/start"
)

// layPhases appends phases with these durations in milliseconds: each begins
// when the one before ends.
func layPhases(s *start.Start, names []start.PhaseName, durations ...float64) {
	for i, d := range durations {
		s.Phases = append(s.Phases, start.Phase{Name: names[i], Begin: s.Duration, Duration: ms(d)})
		s.Duration += ms(d)
	}
}

var runcPhases = []start.PhaseName{
	start.PhasePrepare, start.PhaseShim, start.PhaseCreate, start.PhaseCgroup, start.PhaseNamespaces,
	start.PhaseRootfs, start.PhaseHooks, start.PhaseInit, start.PhaseWait, start.PhaseStart,
}

type attrs = map[string]string

// DrawnDocker returns a typical start by Docker 20.10 and runc.
func DrawnDocker() *start.Start {
	s := &start.Start{
		ContainerID: "3f9c1a2b4d5e60718293a4b5c6d7e8f90123456789abcdef0123456789abcdef",
		Name:        "keen_turing", Image: "busybox:local",
		Engine: "docker", Runtime: "runc", Kind: start.Container, Outcome: start.Started,
		Begin:  time.Date(2026, 11, 23, 10, 31, 22, 123456789, time.UTC),
		Counts: start.Counts{Mounts: 37, EngineMounts: 1, Execs: 29, Namespaces: 5, Veths: 1},
		PID:    24683, TraceID: "0af7651916cd43dd8448eb211c80319c",
	}
	layPhases(s, runcPhases, 21.4, 19.9, 19.7, 1.2, 14.6, 8.9, 171.3, 11.2, 21.1, 6.8)
	s.Operations = []start.Operation{
		oper(start.OpRootfsMount, "prepare", 0, 0.8, attrs{start.AttrType: "overlay", start.AttrTarget: "/var/lib/docker/overlay2/x/merged"}),
		oper(start.OpVeth, "prepare", 0.9, 0.7, attrs{start.AttrHost: "veth7655a02", start.AttrContainer: "eth0"}),
		oper(start.OpShim, "shim", 21.4, 13.0, attrs{start.AttrExitCode: "0"}),
		oper(start.OpRuntime, "create", 41.3, 234.2, attrs{start.AttrRuntime: "runc", start.AttrCommand: "create", start.AttrExitCode: "0"}),
		oper(start.OpCgroup, "cgroup", 61.0, 12.1, attrs{start.AttrPath: "/docker/3f9c"}),
		oper(start.OpNetns, "namespaces", 66.2, 9.8, attrs{start.AttrInode: "4026532321"}),
		oper(start.OpHook, "hooks", 85.7, 171.0, attrs{start.AttrHook: "libnetwork-setkey", start.AttrKind: "prestart", start.AttrExitCode: "0"}),
		oper(start.OpPivotRoot, "init", 257.2, 0.1, nil),
		oper(start.OpRuntime, "start", 289.3, 6.8, attrs{start.AttrRuntime: "runc", start.AttrCommand: "start", start.AttrExitCode: "0"}),
	}
	for i := range 37 {
		target := "/var/lib/docker/overlay2/x/merged/sys/" + strconv.Itoa(i)
		took := 0.1
		if i == 3 {
			target, took = "/var/lib/docker/overlay2/x/merged/proc", 0.6
		}
		s.Operations = append(s.Operations, oper(start.OpMount, "rootfs", 76.8+float64(i)/5, took, attrs{start.AttrTarget: target}))
	}
	return s
}

func oper(name start.OperationName, phase start.PhaseName, begin, took float64, a attrs) start.Operation {
	return start.Operation{Name: name, Phase: phase, Begin: ms(begin), Duration: ms(took), Attributes: a}
}

// DrawnFailed returns a start that failed in a hook.
func DrawnFailed() *start.Start {
	s := DrawnDocker()
	s.Phases, s.Duration = nil, 0
	layPhases(s, runcPhases, 21.4, 19.9, 19.7, 1.2, 14.6, 8.9, 171.3)
	s.Outcome, s.FailedPhase = start.Failed, start.PhaseHooks
	s.Error = "hook nvidia-container-runtime-hook exited with status 1"
	s.Operations = s.Operations[:7]
	s.Operations[6].Attributes = attrs{start.AttrHook: "/usr/bin/nvidia-container-runtime-hook", start.AttrExitCode: "1"}
	return s
}

// DrawnIncomplete returns a start without name and image.
func DrawnIncomplete() *start.Start {
	s := DrawnDocker()
	s.Name, s.Image, s.Operations, s.PID = "", "", nil, 0
	s.Outcome, s.Error = start.Incomplete, "12 mount events were lost"
	s.Degraded = []string{start.DegradedBundle, start.LacksPhase(start.PhaseRootfs), start.LacksOperation(start.OpRootfsMount)}
	return s
}

// DrawnCrun returns the start by a bare `crun run`.
func DrawnCrun() *start.Start {
	s := &start.Start{
		ContainerID: "web-1", Engine: "none", Runtime: "crun", Kind: start.Container, Outcome: start.Started,
		Begin:  time.Date(2026, 11, 23, 10, 31, 22, 0, time.UTC),
		Counts: start.Counts{Mounts: 1, Execs: 2, Namespaces: 6}, PID: 77, Ready: ms(12.1),
	}
	layPhases(s, []start.PhaseName{"create", "namespaces", "cgroup", "rootfs", "init"}, 1.312, 0.4, 0.9, 1.7, 0.688)
	s.Operations = []start.Operation{
		oper(start.OpRuntime, "create", 0, 5, attrs{start.AttrRuntime: "crun", start.AttrCommand: "run"}),
		oper(start.OpNetns, "namespaces", 1.312, 0.35, attrs{start.AttrInode: "4026532999"}),
		oper(start.OpMount, "rootfs", 2.7, 0.08, attrs{start.AttrTarget: "/run/x/rootfs/proc", start.AttrError: "EPERM"}),
	}
	return s
}

// DrawnHostile returns a start with texts as hostile as processes on the host
// can make them.
func DrawnHostile() *start.Start {
	s := DrawnDocker()
	evil := "\x1b[31mred\x1b]0;title\x07\n<script>alert(1)</script>\u202e\xff漢字漢字漢字\u0301"
	s.ContainerID, s.Name, s.Image, s.Runtime, s.Error = evil, evil, evil, evil, evil+evil+evil
	for i := range s.Operations {
		s.Operations[i].Attributes = attrs{start.AttrHook: evil, start.AttrHost: evil, start.AttrTarget: evil, start.AttrRuntime: evil, start.AttrError: evil}
	}
	return s
}
