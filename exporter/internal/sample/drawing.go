package sample

import (
	"strconv"
	"time"

	"container_start_exporter/collector"
)

// layPhases appends phases with these durations in milliseconds: each begins
// when the one before ends.
func layPhases(s *collector.Start, names []collector.PhaseName, durations ...float64) {
	for i, d := range durations {
		s.Phases = append(s.Phases, collector.Phase{Name: names[i], Begin: s.Duration, Duration: ms(d)})
		s.Duration += ms(d)
	}
}

var runcPhases = []collector.PhaseName{
	collector.PhasePrepare, collector.PhaseShim, collector.PhaseCreate, collector.PhaseCgroup, collector.PhaseNamespaces,
	collector.PhaseRootfs, collector.PhaseHooks, collector.PhaseInit, collector.PhaseWait, collector.PhaseStart,
}

type attrs = map[string]string

// DrawnDocker returns a typical start by Docker 20.10 and runc.
func DrawnDocker() *collector.Start {
	s := &collector.Start{
		ContainerID: "3f9c1a2b4d5e60718293a4b5c6d7e8f90123456789abcdef0123456789abcdef",
		Name:        "keen_turing", Image: "busybox:local",
		Engine: "docker", Runtime: "runc", Kind: collector.KindOfContainer, Outcome: collector.Started,
		Begin:  time.Date(2026, 11, 23, 10, 31, 22, 123456789, time.UTC),
		Counts: collector.Counts{Mounts: 37, EngineMounts: 1, Execs: 29, Namespaces: 5, Veths: 1},
		PID:    24683, TraceID: "0af7651916cd43dd8448eb211c80319c",
	}
	layPhases(s, runcPhases, 21.4, 19.9, 19.7, 1.2, 14.6, 8.9, 171.3, 11.2, 21.1, 6.8)
	s.Operations = []collector.Operation{
		oper(collector.OpRootfsMount, "prepare", 0, 0.8, attrs{collector.AttrType: "overlay", collector.AttrTarget: "/var/lib/docker/overlay2/x/merged"}),
		oper(collector.OpVeth, "prepare", 0.9, 0.7, attrs{collector.AttrHost: "veth7655a02", collector.AttrContainer: "eth0"}),
		oper(collector.OpShim, "shim", 21.4, 13.0, attrs{collector.AttrExitCode: "0"}),
		oper(collector.OpRuntime, "create", 41.3, 234.2, attrs{collector.AttrRuntime: "runc", collector.AttrCommand: "create", collector.AttrExitCode: "0"}),
		oper(collector.OpCgroup, "cgroup", 61.0, 12.1, attrs{collector.AttrPath: "/docker/3f9c"}),
		oper(collector.OpNetns, "namespaces", 66.2, 9.8, attrs{collector.AttrInode: "4026532321"}),
		oper(collector.OpHook, "hooks", 85.7, 171.0, attrs{collector.AttrHook: "libnetwork-setkey", collector.AttrKind: "prestart", collector.AttrExitCode: "0"}),
		oper(collector.OpPivotRoot, "init", 257.2, 0.1, nil),
		oper(collector.OpRuntime, "start", 289.3, 6.8, attrs{collector.AttrRuntime: "runc", collector.AttrCommand: "start", collector.AttrExitCode: "0"}),
	}
	for i := range 37 {
		target := "/var/lib/docker/overlay2/x/merged/sys/" + strconv.Itoa(i)
		took := 0.1
		if i == 3 {
			target, took = "/var/lib/docker/overlay2/x/merged/proc", 0.6
		}
		s.Operations = append(s.Operations, oper(collector.OpMount, "rootfs", 76.8+float64(i)/5, took, attrs{collector.AttrTarget: target}))
	}
	return s
}

func oper(name collector.OperationName, phase collector.PhaseName, begin, took float64, a attrs) collector.Operation {
	return collector.Operation{Name: name, Phase: phase, Begin: ms(begin), Duration: ms(took), Attributes: a}
}

// DrawnFailed returns a start that failed in a hook.
func DrawnFailed() *collector.Start {
	s := DrawnDocker()
	s.Phases, s.Duration = nil, 0
	layPhases(s, runcPhases, 21.4, 19.9, 19.7, 1.2, 14.6, 8.9, 171.3)
	s.Outcome, s.FailedPhase = collector.Failed, collector.PhaseHooks
	s.Error = "hook nvidia-container-runtime-hook exited with status 1"
	s.Operations = s.Operations[:7]
	s.Operations[6].Attributes = attrs{collector.AttrHook: "/usr/bin/nvidia-container-runtime-hook", collector.AttrExitCode: "1"}
	return s
}

// DrawnIncomplete returns a start without name and image.
func DrawnIncomplete() *collector.Start {
	s := DrawnDocker()
	s.Name, s.Image, s.Operations, s.PID = "", "", nil, 0
	s.Outcome, s.Error = collector.Incomplete, "12 mount events were lost"
	return s
}

// DrawnCrun returns the start by a bare `crun run`.
func DrawnCrun() *collector.Start {
	s := &collector.Start{
		ContainerID: "web-1", Engine: "none", Runtime: "crun", Kind: collector.KindOfContainer, Outcome: collector.Started,
		Begin:  time.Date(2026, 11, 23, 10, 31, 22, 0, time.UTC),
		Counts: collector.Counts{Mounts: 1, Execs: 2, Namespaces: 6}, PID: 77, Ready: ms(12.1),
	}
	layPhases(s, []collector.PhaseName{"create", "namespaces", "cgroup", "rootfs", "init"}, 1.312, 0.4, 0.9, 1.7, 0.688)
	s.Operations = []collector.Operation{
		oper(collector.OpRuntime, "create", 0, 5, attrs{collector.AttrRuntime: "crun", collector.AttrCommand: "run"}),
		oper(collector.OpNetns, "namespaces", 1.312, 0.35, attrs{collector.AttrInode: "4026532999"}),
		oper(collector.OpMount, "rootfs", 2.7, 0.08, attrs{collector.AttrTarget: "/run/x/rootfs/proc", collector.AttrError: "EPERM"}),
	}
	return s
}

// DrawnHostile returns a start with texts as hostile as processes on the host
// can make them.
func DrawnHostile() *collector.Start {
	s := DrawnDocker()
	evil := "\x1b[31mred\x1b]0;title\x07\n<script>alert(1)</script>\u202e\xff漢字漢字漢字\u0301"
	s.ContainerID, s.Name, s.Image, s.Runtime, s.Error = evil, evil, evil, evil, evil+evil+evil
	for i := range s.Operations {
		s.Operations[i].Attributes = attrs{collector.AttrHook: evil, collector.AttrHost: evil, collector.AttrTarget: evil, collector.AttrRuntime: evil, collector.AttrError: evil}
	}
	return s
}
