package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

const requestsVariable = "ATTACK_REQUESTS"

func init() { roles["netlink"] = requestVeths }

// netlink executes runtimes that ask for veth pairs, which the kernel refuses. Its
// argument is how many each asks for.
func netlink(args []string) (int, error) {
	if err := os.Setenv(requestsVariable, args[0]); err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return 0, err
	}
	done, err := rounds(1, 1, func(int) error { return createOrFail("netlink") })
	return done * n, err
}

// createOrFail executes a runtime in a role, which has to succeed.
func createOrFail(role string) error {
	return act(runtimeName, role, createArgs(work, newID())...).Run()
}

func requestVeths() error {
	n, err := strconv.Atoi(os.Getenv(requestsVariable))
	if err != nil {
		return err
	}
	socket, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("open a netlink socket: %w", err)
	}
	kernel := &unix.SockaddrNetlink{Family: unix.AF_NETLINK}
	answer := make([]byte, 4096)
	for i := range n {
		if err := unix.Sendto(socket, newVeth(uint32(i)), 0, kernel); err != nil {
			return fmt.Errorf("ask for a veth pair: %w", err)
		}
		length, _, err := unix.Recvfrom(socket, answer, 0)
		if err != nil {
			return err
		}
		if status, ok := acknowledged(answer[:length]); !ok || status != -int32(unix.EPERM) {
			return fmt.Errorf("a veth pair is answered with %d instead of EPERM", status)
		}
	}
	return nil
}

// acknowledged returns the status in the answer to a request (struct nlmsgerr).
func acknowledged(answer []byte) (status int32, ok bool) {
	if len(answer) < unix.SizeofNlMsghdr+4 || binary.NativeEndian.Uint16(answer[4:]) != unix.NLMSG_ERROR {
		return 0, false
	}
	return int32(binary.NativeEndian.Uint32(answer[unix.SizeofNlMsghdr:])), true
}

// newVeth returns an RTM_NEWLINK request for a veth pair.
func newVeth(number uint32) []byte {
	kind := attribute(unix.IFLA_INFO_KIND, []byte("veth"))
	body := append(make([]byte, unix.SizeofIfInfomsg), attribute(unix.IFLA_IFNAME, fmt.Appendf(nil, "evil%d\x00", number))...)
	body = append(body, attribute(unix.IFLA_LINKINFO, kind)...)
	header := make([]byte, unix.SizeofNlMsghdr)
	binary.NativeEndian.PutUint32(header, uint32(len(header)+len(body)))
	binary.NativeEndian.PutUint16(header[4:], unix.RTM_NEWLINK)
	binary.NativeEndian.PutUint16(header[6:], unix.NLM_F_REQUEST|unix.NLM_F_ACK|unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	binary.NativeEndian.PutUint32(header[8:], number)
	return append(header, body...)
}

// attribute returns a netlink attribute (struct rtattr), padded.
func attribute(kind uint16, value []byte) []byte {
	a := make([]byte, 4, 4+len(value)+3)
	binary.NativeEndian.PutUint16(a, uint16(4+len(value)))
	binary.NativeEndian.PutUint16(a[2:], kind)
	a = append(a, value...)
	return append(a, make([]byte, -len(a)&3)...)
}
