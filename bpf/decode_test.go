package bpf

import (
	"bytes"
	"reflect"
	"testing"
	"unsafe"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

// record returns the record of a struct and its texts.
func record[T any](r T, texts ...string) []byte {
	b := bytes.Clone(unsafe.Slice((*byte)(unsafe.Pointer(&r)), unsafe.Sizeof(r)))
	for _, t := range texts {
		b = append(b, t...)
	}
	return b
}

func chars(s string) (c [16]int8) {
	for i := range len(s) {
		c[i] = int8(s[i])
	}
	return c
}

func mountRecord() []byte {
	return record(probesEventMount{
		H: probesEventHeader{Kind: uint32(probesEventKindEVENT_MOUNT), Time: 5000, Duration: 12, StartTime: 7, Pid: 4, Tid: 5,
			MntNs: 1, NetNs: 2, Flags: 3, Cost: probesEventCost{Cpu: 8, RunDelay: 9, BlockIoDelay: -1}, Comm: chars("runc:[2:INIT]")},
		SourceLen: 4, TargetLen: 15, FsTypeLen: 4, BaseLen: 12, Base: 1,
	}, "proc", "/proc/self/fd/6", "proc", "proc\x00rootfs\x00")
}

func execRecord() []byte {
	return record(probesEventExec{
		H:       probesEventHeader{Kind: uint32(probesEventKindEVENT_EXEC), Time: 1, Pid: 1, Tid: 1, Comm: chars("a\xff")},
		FileLen: 4, ArgsLen: 7, EnvLen: 25,
	}, "/a\xffb", "a\x00\x00b\xffc\x00", "SECRET=x\x00CNI_COMMAND=ADD\x00")
}

// netlinkRecord returns a request for a veth with few attributes.
func netlinkRecord() []byte {
	newLink := append(make([]byte, 4, 128), unix.RTM_NEWLINK, 0)
	newLink = append(newLink, make([]byte, unix.SizeofNlMsghdr-6+unix.SizeofIfInfomsg)...)
	newLink = append(newLink, attributes(func(ae *netlink.AttributeEncoder) {
		ae.String(unix.IFLA_IFNAME, "veth0")
		ae.Nested(unix.IFLA_LINKINFO, func(ae *netlink.AttributeEncoder) error {
			ae.String(unix.IFLA_INFO_KIND, "veth")
			return nil
		})
	})...)
	return record(probesEventNetlink{H: probesEventHeader{Kind: uint32(probesEventKindEVENT_NETLINK)},
		MessageLen: uint32(len(newLink))}, string(newLink))
}

func TestDecode(t *testing.T) {
	for name, c := range map[string]struct {
		record []byte
		want   event.Event
	}{
		"mount": {mountRecord(), event.Event{
			Time: 5000, Kind: event.KindMount, PID: 4, TID: 5, StartTime: 7, Comm: "runc:[2:INIT]", MntNS: 1, NetNS: 2,
			Duration: 12, Flags: 3, Cost: &event.Cost{CPU: 8, RunDelay: 9, BlockIO: -1}, Source: "proc", Target: "/proc/self/fd/6", RealTarget: "/rootfs/proc", FSType: "proc",
		}},
		"exec with bytes that are not text": {execRecord(), event.Event{
			Time: 1, Kind: event.KindExec, PID: 1, Comm: "a\uFFFD", Cost: &event.Cost{}, File: "/a\uFFFDb",
			Args: []string{"a", "", "b\uFFFDc"}, Env: []string{"CNI_COMMAND=ADD"},
		}},
		"exit": {record(probesEventExit{H: probesEventHeader{Kind: uint32(probesEventKindEVENT_EXIT)}, Status: 256}),
			event.Event{Kind: event.KindExit, Cost: &event.Cost{}, Status: 256}},
		"exit for lack of memory": {record(probesEventExit{H: probesEventHeader{Kind: uint32(probesEventKindEVENT_EXIT)}, Status: 9, Oom: 1}),
			event.Event{Kind: event.KindExit, Cost: &event.Cost{}, Status: 9, OOM: true}},
		"fork without namespaces": {record(probesEventFork{H: probesEventHeader{Kind: uint32(probesEventKindEVENT_FORK)}, Child: 2}),
			event.Event{Kind: event.KindFork, Cost: &event.Cost{}, Child: 2}},
		"listen": {record(probesEventHeader{Kind: uint32(probesEventKindEVENT_LISTEN), Pid: 6, Tid: 6, MntNs: 4}),
			event.Event{Kind: event.KindListen, PID: 6, MntNS: 4, Cost: &event.Cost{}}},
	} {
		got, err := decode(c.record)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !reflect.DeepEqual(*got, c.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, *got, c.want)
		}
		if _, err := decode(c.record[:len(c.record)-1]); err == nil {
			t.Errorf("%s: no error without the last byte", name)
		}
	}
}

func TestRealTarget(t *testing.T) {
	for _, c := range []struct{ base, target, want string }{
		{"", ".", "/"},
		{"c\x00b\x00a\x00", ".", "/a/b/c"},
		{"c\x00b\x00a\x00", "", "/a/b/c"},
		{"a\x00", "sub/dir", "/a/sub/dir"},
		{"a\x00", "/proc/self/fd/7", "/a"},
		{"a\x00", "/proc/thread-self/fd/7/b", "/a/b"},
	} {
		if got := realTarget(pathOf([]byte(c.base)), c.target); got != c.want {
			t.Errorf("%q of %q: %q, want %q", c.target, c.base, got, c.want)
		}
	}
}
