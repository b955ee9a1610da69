package bpf

import (
	"os"
	"testing"
	"time"

	"container_start_exporter/collector"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

func init() { actors["veth"] = actVeth }

// actVeth makes a veth pair of which one end is in a new network namespace at
// once, moves the other there too, gives it an address, and deletes it.
func actVeth(string) (facts, error) {
	host, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return nil, err
	}
	defer host.Close()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	away, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	inside, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return nil, err
	}
	defer inside.Close()
	f := facts{"away": own("net"), "pid": uint32(os.Getpid())}
	if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, err
	}

	create := attributes(func(ae *netlink.AttributeEncoder) {
		ae.String(unix.IFLA_IFNAME, "cse-host")
		ae.Nested(unix.IFLA_LINKINFO, func(ae *netlink.AttributeEncoder) error {
			ae.String(unix.IFLA_INFO_KIND, "veth")
			ae.Nested(unix.IFLA_INFO_DATA, func(ae *netlink.AttributeEncoder) error {
				ae.Bytes(vethInfoPeer, append(make([]byte, unix.SizeofIfInfomsg), attributes(func(ae *netlink.AttributeEncoder) {
					ae.String(unix.IFLA_IFNAME, "cse-peer")
					ae.Uint32(unix.IFLA_NET_NS_FD, uint32(away.Fd()))
				})...))
				return nil
			})
			return nil
		})
	})
	err = ask(host, unix.RTM_NEWLINK, netlink.Create|netlink.Excl, append(make([]byte, unix.SizeofIfInfomsg), create...))
	if err != nil {
		return nil, err
	}
	index, err := indexOfLink("cse-host")
	if err != nil {
		return nil, err
	}
	f["index"] = index
	move := attributes(func(ae *netlink.AttributeEncoder) { ae.Uint32(unix.IFLA_NET_NS_FD, uint32(away.Fd())) })
	if err := ask(host, unix.RTM_SETLINK, 0, append(linkHead(index), move...)); err != nil {
		return nil, err
	}
	address := append([]byte{unix.AF_INET, 24, 0, 0, byte(index), byte(index >> 8), 0, 0}, attributes(func(ae *netlink.AttributeEncoder) {
		ae.Bytes(unix.IFA_LOCAL, []byte{10, 88, 7, 3})
		ae.Bytes(unix.IFA_ADDRESS, []byte{10, 88, 7, 9})
	})...)
	if err := ask(inside, unix.RTM_NEWADDR, netlink.Create, address); err != nil {
		return nil, err
	}
	return f, ask(inside, unix.RTM_DELLINK, 0, linkHead(index))
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

// linkHead is a struct ifinfomsg.
func linkHead(index uint32) []byte {
	b := make([]byte, unix.SizeofIfInfomsg)
	b[4], b[5], b[6] = byte(index), byte(index>>8), byte(index>>16)
	return b
}

func ask(c *netlink.Conn, message uint16, flags netlink.HeaderFlags, data []byte) error {
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

// sendto asks for nothing, by sendto: the library that the actor uses calls sendmsg.
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
	pid, _, f := play(t, "cse-veth", "veth")
	here := inode(t, "/proc/self/ns/net")
	request := func(message string) *collector.Event {
		return w.one(collector.KindNetlink, func(e *collector.Event) bool { return e.PID == pid && e.Message == message })
	}
	e := request("RTM_NEWLINK")
	if e.Name != "cse-host" || e.PeerName != "cse-peer" || e.LinkType != "veth" || e.TargetNS != f["away"] ||
		e.NetNS != here || e.LinkNS != here || e.Duration <= 0 || e.Ret != 0 {
		t.Errorf("%+v", e)
	}
	if e := request("RTM_SETLINK"); e.Index != int(f["index"]) || e.TargetNS != f["away"] {
		t.Errorf("%+v", e)
	}
	// asked on a socket of the other namespace
	if e := request("RTM_NEWADDR"); e.LinkNS != f["away"] || e.NetNS != here || e.Index != int(f["index"]) ||
		e.Address != "10.88.7.3/24" || e.TargetNS != 0 {
		t.Errorf("%+v", e)
	}
	if e := request("RTM_DELLINK"); e.Index != int(f["index"]) {
		t.Errorf("%+v", e)
	}
	link := func(message string) *collector.Event {
		return w.seen(collector.KindLink, func(e *collector.Event) bool {
			return e.Name == "cse-host" && e.Message == message
		})[0]
	}
	made := link("RTM_NEWLINK")
	if made.Index != int(f["index"]) || made.LinkType != "veth" || made.LinkNS != here || made.Moved ||
		made.PeerIndex != 0 { // the peer is in the other namespace
		t.Errorf("%+v", made)
	}
	if late := time.Duration(made.Time - e.Began()); late < 0 || late > time.Second {
		t.Errorf("link is told %v after its request began", late)
	}
	if w.attached("veth_newlink") {
		w.checkVeth(f, e)
	}
	if e := link("RTM_DELLINK"); !e.Moved || e.Index != int(f["index"]) {
		t.Errorf("%+v", e)
	}
}

// checkVeth looks at what the functions of the driver tell of the pair that a
// request made: both ends, and where they are when the pair is deleted.
func (w *watcher) checkVeth(f facts, request *collector.Event) {
	w.t.Helper()
	here := inode(w.t, "/proc/self/ns/net")
	named := func(e *collector.Event) bool { return e.Name == "cse-host" }
	e := w.one(collector.KindVethNewlink, named)
	if e.PID != int(f["pid"]) || e.LinkNS != here || e.Index != int(f["index"]) || e.TargetNS != f["away"] ||
		e.PeerName != "cse-peer" || e.PeerIndex == 0 || e.Ret != 0 || e.LinkType != "veth" {
		w.t.Errorf("%+v", e)
	}
	if e.Duration <= 0 || e.Waited <= 0 || e.Began() < request.Began()+e.Waited || e.Time > request.Time {
		w.t.Errorf("made from %d in %d after a wait of %d, by a request from %d in %d",
			e.Began(), e.Duration, e.Waited, request.Began(), request.Duration)
	}
	// both were moved, or made, there; it is told of the end that the request named
	e = w.one(collector.KindVethDellink, func(e *collector.Event) bool { return named(e) || e.PeerName == "cse-host" })
	if e.LinkNS != f["away"] || e.TargetNS != f["away"] || e.Name == e.PeerName || e.Duration <= 0 {
		w.t.Errorf("%+v", e)
	}
}
