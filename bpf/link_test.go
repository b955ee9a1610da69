package bpf

import (
	"encoding/binary"
	"os"
	"testing"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

func init() { scenarios["veth"] = runVeth }

// runVeth creates a veth pair with one end in a new network namespace, moves the
// other end there too, assigns it an address, and deletes the pair.
func runVeth(string) (results, error) {
	host, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return nil, err
	}
	defer host.Close()
	hostNS, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	newNS, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	inNewNS, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return nil, err
	}
	defer inNewNS.Close()
	r := results{"new_ns": ownNS("net"), "pid": uint32(os.Getpid())}
	if err := unix.Setns(int(hostNS.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, err
	}

	create := attributes(func(ae *netlink.AttributeEncoder) {
		ae.String(unix.IFLA_IFNAME, "cse-host")
		ae.Nested(unix.IFLA_LINKINFO, func(ae *netlink.AttributeEncoder) error {
			ae.String(unix.IFLA_INFO_KIND, "veth")
			ae.Nested(unix.IFLA_INFO_DATA, func(ae *netlink.AttributeEncoder) error {
				ae.Bytes(vethInfoPeer, append(make([]byte, unix.SizeofIfInfomsg), attributes(func(ae *netlink.AttributeEncoder) {
					ae.String(unix.IFLA_IFNAME, "cse-peer")
					ae.Uint32(unix.IFLA_NET_NS_FD, uint32(newNS.Fd()))
				})...))
				return nil
			})
			return nil
		})
	})
	err = sendRequest(host, unix.RTM_NEWLINK, netlink.Create|netlink.Excl, append(make([]byte, unix.SizeofIfInfomsg), create...))
	if err != nil {
		return nil, err
	}
	index, err := indexOfLink("cse-host")
	if err != nil {
		return nil, err
	}
	r["index"] = index
	move := attributes(func(ae *netlink.AttributeEncoder) { ae.Uint32(unix.IFLA_NET_NS_FD, uint32(newNS.Fd())) })
	if err := sendRequest(host, unix.RTM_SETLINK, 0, append(linkHead(index), move...)); err != nil {
		return nil, err
	}
	address := append([]byte{unix.AF_INET, 24, 0, 0, byte(index), byte(index >> 8), 0, 0}, attributes(func(ae *netlink.AttributeEncoder) {
		ae.Bytes(unix.IFA_LOCAL, []byte{10, 88, 7, 3})
		ae.Bytes(unix.IFA_ADDRESS, []byte{10, 88, 7, 9})
	})...)
	if err := sendRequest(inNewNS, unix.RTM_NEWADDR, netlink.Create, address); err != nil {
		return nil, err
	}
	return r, sendRequest(inNewNS, unix.RTM_DELLINK, 0, linkHead(index))
}

func attributes(f func(*netlink.AttributeEncoder)) []byte {
	ae := netlink.NewAttributeEncoder()
	f(ae)
	b, err := ae.Encode()
	if err != nil {
		panic(err)
	}
	return b
}

// linkHead returns a struct ifinfomsg with this index.
func linkHead(index uint32) []byte {
	b := make([]byte, unix.SizeofIfInfomsg)
	b[4], b[5], b[6] = byte(index), byte(index>>8), byte(index>>16)
	return b
}

func sendRequest(c *netlink.Conn, message uint16, flags netlink.HeaderFlags, data []byte) error {
	_, err := c.Execute(netlink.Message{
		Header: netlink.Header{Type: netlink.HeaderType(message), Flags: netlink.Request | netlink.Acknowledge | flags},
		Data:   data,
	})
	return err
}

func indexOfLink(name string) (uint32, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq(name)
	if err != nil {
		return 0, err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, req); err != nil {
		return 0, err
	}
	return req.Uint32(), nil
}

// sendto sends an empty request by sendto(2): the netlink package uses sendmsg(2).
func sendto() error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.Sendto(fd, make([]byte, unix.SizeofNlMsghdr), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

func TestNetlink(t *testing.T) {
	w := watch(t, "cse-veth")
	pid, _, r := play(t, "cse-veth", "veth")
	here := inode(t, "/proc/self/ns/net")
	request := func(message string) *event.Event {
		return w.one(event.KindNetlink, func(e *event.Event) bool { return e.PID == pid && e.Message == message })
	}
	e := request("RTM_NEWLINK")
	if e.Name != "cse-host" || e.PeerName != "cse-peer" || e.LinkType != "veth" || e.TargetNS != r["new_ns"] ||
		e.NetNS != here || e.LinkNS != here || e.Duration <= 0 || e.Ret != 0 {
		t.Errorf("%+v", e)
	}
	if e := request("RTM_SETLINK"); e.Index != int(r["index"]) || e.TargetNS != r["new_ns"] {
		t.Errorf("%+v", e)
	}
	// requested on a socket of the new namespace
	if e := request("RTM_NEWADDR"); e.LinkNS != r["new_ns"] || e.NetNS != here || e.Index != int(r["index"]) ||
		e.Address != "10.88.7.3/24" || e.TargetNS != 0 {
		t.Errorf("%+v", e)
	}
	if e := request("RTM_DELLINK"); e.Index != int(r["index"]) {
		t.Errorf("%+v", e)
	}
	link := func(message string) *event.Event {
		return w.seen(event.KindLink, func(e *event.Event) bool {
			return e.Name == "cse-host" && e.Message == message
		})[0]
	}
	created := link("RTM_NEWLINK")
	if created.Index != int(r["index"]) || created.LinkType != "veth" || created.LinkNS != here || created.Moved ||
		created.PeerIndex != 0 { // the peer is in the new namespace
		t.Errorf("%+v", created)
	}
	if late := time.Duration(created.Time - e.Began()); late < 0 || late > time.Second {
		t.Errorf("link is reported %v after its request began", late)
	}
	if w.attached("veth_newlink") {
		w.checkVeth(r, e)
	}
	if e := link("RTM_DELLINK"); !e.Moved || e.Index != int(r["index"]) {
		t.Errorf("%+v", e)
	}
}

// checkVeth checks the events from the functions of the veth driver: both ends of
// the pair that a request creates, and their namespaces when it is deleted.
func (w *watcher) checkVeth(r results, request *event.Event) {
	w.t.Helper()
	here := inode(w.t, "/proc/self/ns/net")
	named := func(e *event.Event) bool { return e.Name == "cse-host" }
	e := w.one(event.KindVethNewlink, named)
	if e.PID != int(r["pid"]) || e.LinkNS != here || e.Index != int(r["index"]) || e.TargetNS != r["new_ns"] ||
		e.PeerName != "cse-peer" || e.PeerIndex == 0 || e.Ret != 0 || e.LinkType != "veth" {
		w.t.Errorf("%+v", e)
	}
	if e.Duration <= 0 || e.Waited <= 0 || e.Began() < request.Began()+e.Waited || e.Time > request.Time {
		w.t.Errorf("created from %d for %d after a wait of %d, by a request from %d for %d",
			e.Began(), e.Duration, e.Waited, request.Began(), request.Duration)
	}
	// one end was moved there, the other created there; Name is the end that the request named
	e = w.one(event.KindVethDellink, func(e *event.Event) bool { return named(e) || e.PeerName == "cse-host" })
	if e.LinkNS != r["new_ns"] || e.TargetNS != r["new_ns"] || e.Name == e.PeerName || e.Duration <= 0 {
		w.t.Errorf("%+v", e)
	}
}

// TestNotificationsAreTheKernels sends a message like a notification to the socket from
// another socket: it is not an event.
func TestNotificationsAreTheKernels(t *testing.T) {
	needRoot(t)
	s, err := newLinkSocket()
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	forger, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(forger)
	name, err := unix.Getsockname(int(s.file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	message := notification("veth-forged")
	if linkEvent(message) == nil {
		t.Fatal("the message is not like a notification")
	}
	if err := unix.Sendto(forger, message, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: name.(*unix.SockaddrNetlink).Pid}); err != nil {
		t.Fatal(err)
	}
	for _, e := range s.fetch() {
		if e.Name == "veth-forged" {
			t.Errorf("a message of another process is an event: %+v", e)
		}
	}
}

// notification makes a message as the kernel sends it for a new veth.
func notification(name string) []byte {
	m := append(make([]byte, 4, 128), unix.RTM_NEWLINK, 0)
	m = append(m, make([]byte, unix.SizeofNlMsghdr-6+unix.SizeofIfInfomsg)...)
	m = append(m, attributes(func(ae *netlink.AttributeEncoder) { ae.String(unix.IFLA_IFNAME, name) })...)
	binary.NativeEndian.PutUint32(m, uint32(len(m)))
	return m
}
