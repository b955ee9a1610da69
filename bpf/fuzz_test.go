package bpf

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

// FuzzDecode decodes any bytes as a record. What is decoded is of the record's kind, its
// texts are text and no larger than the record, and it is the same when it is written as
// JSON and read again.
func FuzzDecode(f *testing.F) {
	f.Add(mountRecord())
	f.Add(execRecord())
	f.Add(netlinkRecord())
	for kind := range uint32(probesEventKindEVENT_KINDS) + 1 {
		f.Add(record(probesEventHeader{Kind: kind, Time: 1}, string(make([]byte, 200))))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := decode(b)
		if (e == nil) != (err != nil) {
			t.Fatalf("%+v with the error %v", e, err)
		}
		if err != nil {
			return
		}
		if h, _, err := view[probesEventHeader](b); err != nil || e.Kind != kindNames[h.Kind] || e.PID != int(h.Pid) {
			t.Errorf("%+v of the header %+v", e, h)
		}
		checkTexts(t, e, len(b))
		for _, v := range e.Env {
			if name, _, found := bytes.Cut([]byte(v), []byte("=")); !found || !slices.Contains(envNames, string(name)) {
				t.Errorf("the variable %q leaves the package", v)
			}
		}
		checkRoundTrip(t, e)
	})
}

// FuzzRunning decodes any bytes as what the task iterator wrote: each process is one
// struct.
func FuzzRunning(f *testing.F) {
	f.Add(record(probesEventProcess{Pid: 1 << 30, Time: 1, Comm: chars("a\xff")}))
	f.Add(append(record(probesEventProcess{Pid: 1 << 30}), 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		size := len(record(probesEventProcess{}))
		events, err := decodeRunning(b[:min(len(b), 4*size)])
		if n := min(len(b), 4*size); len(events) != n/size || (err != nil) != (n%size != 0) {
			t.Errorf("%d processes of %d bytes, error %v", len(events), n, err)
		}
		for _, e := range events {
			if e.Kind != event.KindProcess || e.Namespaces == nil || !utf8.ValidString(e.Comm) {
				t.Errorf("%+v", e)
			}
		}
	})
}

// FuzzNetlink decodes any bytes as a request to rtnetlink and as a datagram of
// notifications.
func FuzzNetlink(f *testing.F) {
	address := []byte{unix.AF_INET, 24, 0, 0, 1, 0, 0, 0}
	for _, attrs := range []func(*netlink.AttributeEncoder){
		func(ae *netlink.AttributeEncoder) { ae.Bytes(unix.IFA_LOCAL, []byte{10, 88, 7, 3}) },
		func(ae *netlink.AttributeEncoder) { ae.Bytes(unix.IFA_ADDRESS, make([]byte, 16)) },
		func(ae *netlink.AttributeEncoder) { ae.Bytes(unix.IFA_ADDRESS, make([]byte, 5)) },
	} {
		f.Add(message(unix.RTM_NEWADDR, append(address, attributes(attrs)...)))
		f.Add(message(unix.RTM_NEWADDR, append([]byte{unix.AF_INET, 200, 0, 0, 1, 0, 0, 0}, attributes(attrs)...)))
	}
	veth := attributes(func(ae *netlink.AttributeEncoder) {
		ae.Uint32(unix.IFLA_LINK, 7)
		ae.Nested(unix.IFLA_LINKINFO, func(ae *netlink.AttributeEncoder) error {
			ae.String(unix.IFLA_INFO_KIND, "veth")
			ae.Nested(unix.IFLA_INFO_DATA, func(ae *netlink.AttributeEncoder) error {
				ae.Bytes(vethInfoPeer, append(make([]byte, unix.SizeofIfInfomsg), attributes(func(ae *netlink.AttributeEncoder) { ae.String(unix.IFLA_IFNAME, "peer\xff") })...))
				return nil
			})
			return nil
		})
	})
	f.Add(message(unix.RTM_NEWLINK, append(linkHead(9), veth...)))
	f.Add(append(notification("veth0"), notification("veth1")...))
	f.Add(message(unix.RTM_DELLINK, append(linkHead(9), attributes(func(ae *netlink.AttributeEncoder) { ae.Uint32(unix.IFLA_NEW_IFINDEX, 3) })...)))
	f.Fuzz(func(t *testing.T, b []byte) {
		e := &event.Event{Time: 1, Kind: event.KindNetlink}
		if decodeMessage(e, b) == nil {
			checkMessage(t, e, len(b))
		}
		s := &linkSocket{netNS: 5}
		s.parseDatagram(b)
		if n := len(s.pending); n > len(b)/(unix.SizeofNlMsghdr+unix.SizeofIfInfomsg) {
			t.Errorf("%d notifications in %d bytes", n, len(b))
		}
		for _, e := range s.pending {
			if e.Kind != event.KindLink || e.LinkNS != 5 || e.Time <= 0 || e.Moved && e.Message != "RTM_DELLINK" || e.Address != "" {
				t.Errorf("the notification %+v", e)
			}
			checkMessage(t, e, len(b))
		}
	})
}

// message returns an rtnetlink message.
func message(kind byte, body []byte) []byte {
	m := append(make([]byte, 4), kind, 0)
	m = append(append(m, make([]byte, unix.SizeofNlMsghdr-len(m))...), body...)
	m[0], m[1] = byte(len(m)), byte(len(m)>>8)
	return m
}

// checkMessage checks what must hold for every message that is decoded.
func checkMessage(t *testing.T, e *event.Event, length int) {
	t.Helper()
	if !slices.Contains([]string{"RTM_NEWLINK", "RTM_DELLINK", "RTM_SETLINK", "RTM_NEWADDR"}, e.Message) {
		t.Errorf("the message %q", e.Message)
	}
	if e.Message != "RTM_NEWADDR" && e.Address != "" || e.Message == "RTM_NEWADDR" && e.Name+e.PeerName+e.LinkType != "" {
		t.Errorf("%+v", e)
	}
	if _, err := netip.ParsePrefix(e.Address); e.Address != "" && err != nil {
		t.Errorf("the address %q: %v", e.Address, err)
	}
	if e.PeerName != "" && e.LinkType != "veth" {
		t.Errorf("a peer of what is no veth: %+v", e)
	}
	checkTexts(t, e, length)
	checkRoundTrip(t, e)
}

// checkTexts checks that all texts are text, and are no larger than what they were decoded
// of: a byte that is not text becomes three.
func checkTexts(t *testing.T, e *event.Event, length int) {
	t.Helper()
	sum := 0
	for _, s := range slices.Concat([]string{e.Comm, e.File, e.Name, e.Source, e.Target, e.FSType, e.Data, e.Path, e.PeerName, e.LinkType}, e.Args, e.Env) {
		sum += len(s)
		if !utf8.ValidString(s) || bytes.IndexByte([]byte(s), 0) >= 0 {
			t.Errorf("%q is not text", s)
		}
	}
	if sum > 3*length || len(e.Args)+len(e.Env) > length || len(e.RealTarget) > 4*length {
		t.Errorf("%d bytes of text in %d", sum, length)
	}
	if !utf8.ValidString(e.RealTarget) || e.RealTarget != "" && e.RealTarget[0] != '/' {
		t.Errorf("%q is not a path", e.RealTarget)
	}
}

// checkRoundTrip checks that an event is the same after it was written to a recording.
// The BPF programs write no negative cost but -1, which is not known.
func checkRoundTrip(t *testing.T, e *event.Event) {
	t.Helper()
	if e.Cost != nil && (e.Cost.RunDelay < -1 || e.Cost.BlockIO < -1) {
		return
	}
	line, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	got := new(event.Event)
	if err := json.Unmarshal(line, got); err != nil || !reflect.DeepEqual(got, e) {
		t.Errorf("%+v\nbecomes %s, and that\n%+v: %v", e, line, got, err)
	}
	n := 0
	err = event.Read(bytes.NewReader(line), func(*event.Event) { n++ })
	if possible := e.Check() == nil; possible != (err == nil && n == 1) {
		t.Errorf("%s is possible: %t, but is read with the error %v", line, possible, err)
	}
}
