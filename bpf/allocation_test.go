package bpf

import (
	"testing"

	"container_start_exporter/collector/event"
)

// hotRecords has a record of each kind that is frequent on a busy host, and how often
// decode may allocate for it: the event with its cost, and each text.
var hotRecords = map[string]struct {
	record      []byte
	allocations float64
}{
	"fork":           {record(probesEventFork{H: hot(probesEventKindEVENT_FORK)}), 2},
	"fork in new ns": {record(probesEventFork{H: hot(probesEventKindEVENT_FORK), Ns: probesEventNamespaces{Net: 1}}), 3},
	"exec":           {execRecord(), 10},
	"exit":           {record(probesEventExit{H: hot(probesEventKindEVENT_EXIT)}), 2},
	"rename":         {record(probesEventRename{H: hot(probesEventKindEVENT_RENAME), Name: chars("runc:[2:INIT]")}), 3},
	"unshare":        {record(probesEventNamespace{H: hot(probesEventKindEVENT_UNSHARE)}), 3},
	"mount":          {mountRecord(), 11},
	"cgroup_mkdir":   {record(probesEventCgroup{H: hot(probesEventKindEVENT_CGROUP_MKDIR), PathLen: 9}, "/docker/a"), 3},
	"netlink":        {netlinkRecord(), 10},
	"veth_newlink":   {record(probesEventVeth{H: hot(probesEventKindEVENT_VETH_NEWLINK)}), 2},
	"listen":         {record(hot(probesEventKindEVENT_LISTEN)), 2},
}

func hot(kind probesEventKind) probesEventHeader {
	return probesEventHeader{Kind: uint32(kind), Time: 5000, Pid: 4, Tid: 5, Comm: chars("runc")}
}

// TestDecodeAllocations bounds how often decode allocates.
func TestDecodeAllocations(t *testing.T) {
	for name, c := range hotRecords {
		var e *event.Event
		var err error
		got := testing.AllocsPerRun(100, func() { e, err = decode(c.record) })
		if err != nil || e == nil {
			t.Errorf("%s: %v", name, err)
		}
		t.Logf("%s: %v", name, got)
		if got > c.allocations {
			t.Errorf("%s: %v allocations, at most %v", name, got, c.allocations)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, c := range hotRecords {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decode(c.record); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
