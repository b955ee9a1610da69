package collector

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// TestTogether replays each recording while another one happens on the same host: each
// start is reported as without the other.
func TestTogether(t *testing.T) {
	files, err := filepath.Glob("testdata/*.events.jsonl")
	if err != nil || len(files) < 2 {
		t.Fatalf("no recordings: %v", err)
	}
	for i, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".events.jsonl"), func(t *testing.T) {
			one := onBootClock(readEvents(t, file))
			want := records(t, one)
			other, n := one, i
			for sharesContainer(want, records(t, other)) || n == i {
				n = (n + 1) % len(files)
				other = onBootClock(readEvents(t, files[n]))
			}
			other = elsewhere(other, 1, firstBegin(want, one)-firstBegin(records(t, other), other))
			got := records(t, merge(one, other))
			compareRecords(t, want, got)
			compareRecords(t, records(t, other), got)
		})
	}
}

// TestAllTogether replays all recordings at once, but those of a container that another
// one has: each start is reported as alone.
func TestAllTogether(t *testing.T) {
	files, err := filepath.Glob("testdata/*.events.jsonl")
	if err != nil || len(files) < 2 {
		t.Fatalf("no recordings: %v", err)
	}
	const begin = int64(time.Hour)
	var all []*event.Event
	want := &reported{starts: map[string]*start.Start{}}
	for i, file := range files {
		one := onBootClock(readEvents(t, file))
		one = elsewhere(one, i, begin-firstBegin(records(t, one), one))
		alone := records(t, one)
		if sharesContainer(want, alone) {
			continue
		}
		maps.Copy(want.starts, alone.starts)
		all = merge(all, one)
	}
	if len(want.starts) < len(files)/2 {
		t.Fatalf("%d starts of %d recordings", len(want.starts), len(files))
	}
	compareRecords(t, want, records(t, all))
}

// sharesContainer reports whether two recordings have starts of the same container.
func sharesContainer(a, b *reported) bool {
	for _, s := range a.starts {
		for _, of := range b.starts {
			if s.ContainerID == of.ContainerID {
				return true
			}
		}
	}
	return false
}

// onBootClock lets the wall clock show the boot time, in all recordings.
func onBootClock(events []*event.Event) []*event.Event {
	for _, e := range events {
		if e.Kind == event.KindClock {
			e.Wall = e.Time
		}
	}
	return events
}

// firstBegin returns when the first start of a recording begins, or its first event if
// it has no start.
func firstBegin(r *reported, events []*event.Event) int64 {
	first := events[beforeAll(events)].Time
	if len(r.starts) > 0 {
		first = math.MaxInt64
	}
	for _, s := range r.starts {
		first = min(first, s.Begin.UnixNano())
	}
	return first
}

// beforeAll returns how many events are of what there was before the recording.
func beforeAll(events []*event.Event) int {
	return slices.IndexFunc(events, func(e *event.Event) bool { return e.Kind != event.KindClock && e.Kind != event.KindProcess })
}

// elsewhere moves events in time, and to the processes and namespaces of a place. No two
// places share any.
func elsewhere(events []*event.Event, place int, later int64) []*event.Event {
	var moved []*event.Event
	otherPID := func(pid int) int {
		if pid <= 1 {
			return pid
		}
		return pid + place<<23
	}
	otherInode := func(inode uint32) uint32 {
		if inode == 0 {
			return 0
		}
		return inode - uint32(place)<<20
	}
	for _, e := range events {
		m := *e
		for _, at := range []*int64{&m.Time, &m.StartTime, &m.ChildStartTime, &m.Made, &m.NetnsBegan, &m.Since, &m.Wall} {
			if *at != 0 {
				*at += later
			}
		}
		for _, pid := range []*int{&m.PID, &m.TID, &m.Child, &m.Parent} {
			*pid = otherPID(*pid)
		}
		for _, inode := range []*uint32{&m.MntNS, &m.NetNS, &m.Nested, &m.SourceNS, &m.LinkNS, &m.TargetNS} {
			*inode = otherInode(*inode)
		}
		if e.Namespaces != nil {
			ns := *e.Namespaces
			for _, inode := range []*uint32{&ns.Mnt, &ns.UTS, &ns.IPC, &ns.PID, &ns.Net, &ns.Cgroup, &ns.User, &ns.Time} {
				*inode = otherInode(*inode)
			}
			m.Namespaces = &ns
		}
		if pid, rest, ok := ofProcess(m.Source); ok {
			m.Source = fmt.Sprintf("/proc/%d/%s", otherPID(pid), rest)
		}
		moved = append(moved, &m)
	}
	return moved
}

// ofProcess returns the pid in a path of /proc, and what follows it.
func ofProcess(path string) (pid int, rest string, ok bool) {
	n, _ := fmt.Sscanf(path, "/proc/%d/%s", &pid, &rest)
	return pid, rest, n == 2
}

// merge returns the events of two recordings in the order in which they happened. Each
// keeps its own order.
func merge(a, b []*event.Event) []*event.Event {
	merged := make([]*event.Event, 0, len(a)+len(b))
	i, j := max(beforeAll(a), 0), beforeAll(b)
	merged = append(append(merged, a[:i]...), b[:j]...)
	for i < len(a) && j < len(b) {
		if a[i].Time <= b[j].Time {
			merged = append(merged, a[i])
			i++
			continue
		}
		merged = append(merged, b[j])
		j++
	}
	return append(append(merged, a[i:]...), b[j:]...)
}
