package main

import (
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

func prepareListen(string) (func() error, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return func() error { return unix.Listen(fd, 1) }, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
}

// prepareSendto sends no bytes: the cheapest sendto there is.
func prepareSendto(string) (func() error, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	return func() error { return unix.Sendto(pair[0], nil, 0, nil) }, err
}

// links sends requests to rtnetlink in a network namespace of its own.
type links struct {
	conn *netlink.Conn
	veth []byte // attributes of a veth whose peer is in the same namespace, given by descriptor
}

func newLinks() (*links, error) {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	conn, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	veth, err := vethAttributes(uint32(fd))
	return &links{conn: conn, veth: veth}, err
}

func (l *links) ask(kind netlink.HeaderType, flags netlink.HeaderFlags, attributes []byte) error {
	_, err := l.conn.Execute(netlink.Message{
		Header: netlink.Header{Type: kind, Flags: netlink.Request | netlink.Acknowledge | flags},
		Data:   append(make([]byte, unix.SizeofIfInfomsg), attributes...),
	})
	return err
}

// prepareNetlink requests a veth that exists already, which the kernel rejects
// at once: the cheapest request of its kind.
func prepareNetlink(string) (func() error, error) {
	l, err := newLinks()
	if err != nil {
		return nil, err
	}
	return func() error {
		_ = l.ask(unix.RTM_NEWLINK, netlink.Create|netlink.Excl, l.veth)
		return nil
	}, l.ask(unix.RTM_NEWLINK, netlink.Create|netlink.Excl, l.veth)
}

// prepareVeth creates a veth and deletes it.
func prepareVeth(string) (func() error, error) {
	l, err := newLinks()
	if err != nil {
		return nil, err
	}
	return func() error {
		if err := l.ask(unix.RTM_NEWLINK, netlink.Create|netlink.Excl, l.veth); err != nil {
			return err
		}
		return l.ask(unix.RTM_DELLINK, 0, l.veth)
	}, nil
}

func vethAttributes(namespace uint32) ([]byte, error) {
	const peer = 1 // VETH_INFO_PEER, linux/veth.h
	e := netlink.NewAttributeEncoder()
	e.String(unix.IFLA_IFNAME, "overhead0")
	e.Nested(unix.IFLA_LINKINFO, func(e *netlink.AttributeEncoder) error {
		e.String(unix.IFLA_INFO_KIND, "veth")
		e.Nested(unix.IFLA_INFO_DATA, func(e *netlink.AttributeEncoder) error {
			e.Do(peer, func() ([]byte, error) {
				e := netlink.NewAttributeEncoder()
				e.String(unix.IFLA_IFNAME, "overhead1")
				e.Uint32(unix.IFLA_NET_NS_FD, namespace)
				b, err := e.Encode()
				return append(make([]byte, unix.SizeofIfInfomsg), b...), err
			})
			return nil
		})
		return nil
	})
	return e.Encode()
}
