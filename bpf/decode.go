package bpf

import (
	"errors"
	"strings"
	"unsafe"

	"container_start_exporter/collector/event"
)

var (
	errShort   = errors.New("record is too short")
	errUnknown = errors.New("record of an unknown kind")
)

// decode returns the event of a record, or errShort or errUnknown. It accepts
// any bytes without panic.
func decode(raw []byte) (*event.Event, error) {
	h, _, err := view[probesEventHeader](raw)
	if err != nil {
		return nil, err
	}
	if h.Kind == 0 || h.Kind >= uint32(len(decoders)) || decoders[h.Kind] == nil {
		return nil, errUnknown
	}
	e := header(h)
	if err := decoders[h.Kind](e, raw); err != nil {
		return nil, err
	}
	return e, nil
}

// decoders decode what follows the header, by the record's kind.
var decoders = [probesEventKindEVENT_KINDS]func(*event.Event, []byte) error{
	probesEventKindEVENT_FORK:          decodeFork,
	probesEventKindEVENT_EXEC:          decodeExec,
	probesEventKindEVENT_EXIT:          decodeExit,
	probesEventKindEVENT_RENAME:        decodeRename,
	probesEventKindEVENT_UNSHARE:       decodeNamespace,
	probesEventKindEVENT_SETNS:         decodeNamespace,
	probesEventKindEVENT_MOUNT:         decodeMount,
	probesEventKindEVENT_UMOUNT:        decodeMount,
	probesEventKindEVENT_PIVOT_ROOT:    decodeMount,
	probesEventKindEVENT_CHROOT:        decodeMount,
	probesEventKindEVENT_OPEN_TREE:     decodeMount,
	probesEventKindEVENT_MOVE_MOUNT:    decodeMount,
	probesEventKindEVENT_FSOPEN:        decodeMount,
	probesEventKindEVENT_FSCONFIG:      decodeMount,
	probesEventKindEVENT_FSMOUNT:       decodeMount,
	probesEventKindEVENT_MOUNT_SETATTR: decodeMount,
	probesEventKindEVENT_CGROUP_MKDIR:  decodeCgroup,
	probesEventKindEVENT_CGROUP_ATTACH: decodeCgroup,
	probesEventKindEVENT_CGROUP_RMDIR:  decodeCgroup,
	probesEventKindEVENT_NETLINK:       decodeNetlink,
	probesEventKindEVENT_LISTEN:        func(*event.Event, []byte) error { return nil }, // a header and no more
	probesEventKindEVENT_VETH_NEWLINK:  decodeVeth,
	probesEventKindEVENT_VETH_DELLINK:  decodeVeth,
}

// view returns the beginning of a record as a struct, and the bytes that follow
// it; errShort if it is shorter than the struct. The structs hold only numbers,
// and both architectures read those at any address.
func view[T any](raw []byte) (*T, texts, error) {
	var t T
	if len(raw) < int(unsafe.Sizeof(t)) {
		return nil, nil, errShort
	}
	return (*T)(unsafe.Pointer(unsafe.SliceData(raw))), texts(raw[unsafe.Sizeof(t):]), nil
}

func header(h *probesEventHeader) *event.Event {
	// every record has a cost: allocate both at once
	both := &struct {
		event event.Event
		cost  event.Cost
	}{cost: event.Cost{CPU: h.Cost.Cpu, RunDelay: h.Cost.RunDelay, BlockIO: h.Cost.BlockIoDelay}}
	e := &both.event
	*e = event.Event{
		Time:      int64(h.Time),
		Kind:      kindNames[h.Kind],
		PID:       int(h.Pid),
		StartTime: int64(h.StartTime),
		Comm:      fixed(&h.Comm),
		MntNS:     h.MntNs,
		NetNS:     h.NetNs,
		Nested:    h.Origin,
		Duration:  int64(h.Duration),
		Ret:       h.Ret,
		Flags:     h.Flags,
		Cost:      &both.cost,
	}
	if h.Tid != h.Pid {
		e.TID = int(h.Tid)
	}
	return e
}

func namespaces(ns *probesEventNamespaces) *event.Namespaces {
	return &event.Namespaces{
		Mnt: ns.Mnt, UTS: ns.Uts, IPC: ns.Ipc, PID: ns.Pid,
		Net: ns.Net, Cgroup: ns.Cgroup, User: ns.User, Time: ns.Time,
	}
}

// fixed returns the text in one of the kernel's arrays of 16 characters.
func fixed(c *[16]int8) string { return fixedText(c[:]) }

// fixedText returns the text in an array of the kernel's.
func fixedText(c []int8) string {
	return text(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(c))), len(c)))
}

// text returns b up to a NUL, as valid UTF-8: processes may use any bytes.
func text(b []byte) string {
	for i, c := range b {
		if c == 0 {
			b = b[:i]
			break
		}
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// texts are the bytes that follow a record's struct.
type texts []byte

// next consumes n bytes and returns them; errShort if there are fewer.
func (t *texts) next(n int) ([]byte, error) {
	if n > len(*t) {
		return nil, errShort
	}
	b := (*t)[:n:n]
	*t = (*t)[n:]
	return b, nil
}

// text consumes n bytes and stores them in *to as text.
func (t *texts) text(n int, to *string) error {
	b, err := t.next(n)
	if err == nil && n > 0 {
		*to = text(b)
	}
	return err
}
