package bpf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

const (
	linkBuffer  = 4 << 20 // of the socket, for bursts: each veth makes two or three messages
	linkPending = 1 << 14 // events not fetched yet
)

// linkSocket receives rtnetlink's notifications of the links in the network
// namespace that it was opened in.
type linkSocket struct {
	file       *os.File
	netNS      uint32
	overflowed atomic.Uint64 // times that the socket had no room
	dropped    atomic.Uint64 // notifications for which pending had no room

	mu      sync.Mutex
	buffer  []byte
	pending []*event.Event
}

func newLinkSocket() (*linkSocket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open a netlink socket: %w", err)
	}
	s := &linkSocket{file: os.NewFile(uintptr(fd), "rtnetlink"), buffer: make([]byte, 1<<16)}
	// the first needs CAP_NET_ADMIN; the second is limited by net.core.rmem_max
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, linkBuffer) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, linkBuffer)
	}
	group := &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1 << (unix.RTNLGRP_LINK - 1)}
	if err := unix.Bind(fd, group); err != nil {
		s.file.Close()
		return nil, fmt.Errorf("join RTNLGRP_LINK: %w", err)
	}
	var st unix.Stat_t
	if unix.Stat("/proc/thread-self/ns/net", &st) == nil {
		s.netNS = uint32(st.Ino)
	}
	go s.listen()
	return s, nil
}

func (s *linkSocket) close() error { return s.file.Close() }

// listen receives messages as soon as they arrive, as an event's time is when
// its message was read.
func (s *linkSocket) listen() {
	raw, err := s.file.SyscallConn()
	if err != nil {
		return
	}
	// false: Read waits for the socket again, until it is closed
	_ = raw.Read(func(fd uintptr) bool {
		s.receive(int(fd))
		return false
	})
}

// fetch returns the events since the last fetch, in order.
func (s *linkSocket) fetch() []*event.Event {
	if raw, err := s.file.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { s.receive(int(fd)) })
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	events := s.pending
	s.pending = nil
	return events
}

// receive reads all messages that the socket has now.
func (s *linkSocket) receive(fd int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		n, from, err := unix.Recvfrom(fd, s.buffer, unix.MSG_DONTWAIT)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.ENOBUFS):
			s.overflowed.Add(1) // the kernel does not report how many were lost
		case err != nil:
			return
		case isKernel(from):
			s.parseDatagram(s.buffer[:n])
		}
	}
}

// isKernel reports whether a netlink message is from the kernel: other processes may
// send to the socket, too (netlink(7), nl_pid).
func isKernel(from unix.Sockaddr) bool {
	sender, ok := from.(*unix.SockaddrNetlink)
	return ok && sender.Pid == 0
}

// parseDatagram appends the events of the messages in one datagram.
func (s *linkSocket) parseDatagram(b []byte) {
	now := bootNow()
	for len(b) >= unix.SizeofNlMsghdr {
		n := int(binary.LittleEndian.Uint32(b))
		if n < unix.SizeofNlMsghdr || n > len(b) {
			return
		}
		if e := linkEvent(b[:n]); e != nil {
			if len(s.pending) >= linkPending {
				s.dropped.Add(1)
			} else {
				e.Time, e.LinkNS = now, s.netNS
				s.pending = append(s.pending, e)
			}
		}
		b = b[min((n+3)&^3, len(b)):]
	}
}

// linkEvent returns the event of a notification, nil if it is not about a link.
func linkEvent(m []byte) *event.Event {
	kind := binary.LittleEndian.Uint16(m[4:])
	if kind != unix.RTM_NEWLINK && kind != unix.RTM_DELLINK || len(m) <= unix.SizeofNlMsghdr {
		return nil
	}
	// AF_BRIDGE: a bridge also notifies of its ports, and of one that leaves it as deleted
	if m[unix.SizeofNlMsghdr] != unix.AF_UNSPEC {
		return nil
	}
	e := &event.Event{Kind: event.KindLink}
	if decodeMessage(e, m) != nil {
		return nil
	}
	peerInOtherNS := false
	eachAttribute(m[unix.SizeofNlMsghdr+unix.SizeofIfInfomsg:], func(ad *netlink.AttributeDecoder) {
		switch ad.Type() {
		case unix.IFLA_LINK:
			if e.LinkType == "veth" {
				e.PeerIndex = int(ad.Int32())
			}
		case unix.IFLA_LINK_NETNSID:
			peerInOtherNS = true
		case unix.IFLA_NEW_NETNSID, unix.IFLA_NEW_IFINDEX:
			e.Moved = kind == unix.RTM_DELLINK
		}
	})
	if peerInOtherNS {
		e.PeerIndex = 0
	}
	return e
}
