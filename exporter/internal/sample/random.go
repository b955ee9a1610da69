package sample

import (
	"math"
	"math/rand/v2"
	"time"

	"container_start_exporter/collector/start"
)

// Random partitions a duration into phases and scatters operations over it
// and beyond.
func Random(r *rand.Rand) *start.Start {
	names := []start.PhaseName{"prepare", "shim", "create", "cgroup", "namespaces", "rootfs", "hooks", "init", "wait", "start"}
	s := &start.Start{
		ContainerID: randomText(r), Name: randomText(r), Engine: randomText(r), Runtime: "runc",
		Outcome: []start.Outcome{start.Started, start.Failed, start.Incomplete}[r.IntN(3)],
		Error:   randomText(r), Duration: time.Duration(r.Int64N(int64(time.Minute))), TraceID: randomText(r),
	}
	var at time.Duration
	for i, name := range names {
		length := time.Duration(r.Int64N(int64(s.Duration-at) + 1))
		if i == len(names)-1 {
			length = s.Duration - at
		}
		s.Phases = append(s.Phases, start.Phase{Name: name, Begin: at, Duration: length})
		at += length
	}
	s.FailedPhase = names[r.IntN(len(names))]
	operations := []start.OperationName{"mount", "hook", "runtime", "shim", "cgroup", "netns", "veth", "pivot_root", "rootfs_mount", "new one"}
	for range r.IntN(30) {
		o := start.Operation{
			Name:       operations[r.IntN(len(operations))],
			Phase:      names[r.IntN(len(names))],
			Begin:      time.Duration(r.Int64N(int64(2*time.Minute)) - int64(time.Minute)),
			Duration:   time.Duration(r.Int64N(int64(2 * time.Minute))),
			Attributes: map[string]string{start.AttrHook: randomText(r), start.AttrCommand: randomText(r), randomText(r): randomText(r), start.AttrPID: randomText(r)},
		}
		if r.IntN(10) == 0 {
			o.Duration = math.MaxInt64
		}
		s.Operations = append(s.Operations, o)
	}
	return s
}

func randomText(r *rand.Rand) string {
	b := make([]byte, r.IntN(40)*r.IntN(60))
	for i := range b {
		b[i] = byte(r.IntN(256))
	}
	return string(b)
}
