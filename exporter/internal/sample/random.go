package sample

import (
	"math"
	"math/rand/v2"
	"time"

	"container_start_exporter/collector"
)

// Random partitions a duration into phases and scatters operations over it
// and beyond.
func Random(r *rand.Rand) *collector.Start {
	names := []collector.PhaseName{"prepare", "shim", "create", "cgroup", "namespaces", "rootfs", "hooks", "init", "wait", "start"}
	s := &collector.Start{
		ContainerID: randomText(r), Name: randomText(r), Engine: randomText(r), Runtime: "runc",
		Outcome: []collector.Outcome{collector.Started, collector.Failed, collector.Incomplete}[r.IntN(3)],
		Error:   randomText(r), Duration: time.Duration(r.Int64N(int64(time.Minute))), TraceID: randomText(r),
	}
	var at time.Duration
	for i, name := range names {
		length := time.Duration(r.Int64N(int64(s.Duration-at) + 1))
		if i == len(names)-1 {
			length = s.Duration - at
		}
		s.Phases = append(s.Phases, collector.Phase{Name: name, Begin: at, Duration: length})
		at += length
	}
	s.FailedPhase = names[r.IntN(len(names))]
	operations := []collector.OperationName{"mount", "hook", "runtime", "shim", "cgroup", "netns", "veth", "pivot_root", "rootfs_mount", "new one"}
	for range r.IntN(30) {
		o := collector.Operation{
			Name:       operations[r.IntN(len(operations))],
			Phase:      names[r.IntN(len(names))],
			Begin:      time.Duration(r.Int64N(int64(2*time.Minute)) - int64(time.Minute)),
			Duration:   time.Duration(r.Int64N(int64(2 * time.Minute))),
			Attributes: map[string]string{collector.AttrHook: randomText(r), collector.AttrCommand: randomText(r), randomText(r): randomText(r), collector.AttrPID: randomText(r)},
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
