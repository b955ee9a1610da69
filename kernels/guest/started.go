package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// started is a container that was started, and what is known of it from
// elsewhere than the exporter.
type started struct {
	name            string // of the check; what has the same is started in the same way
	id              string
	engine, runtime string
	phases          []string
	failed          string // the phase in which it fails; empty: it does not
	pid             int    // 0: not known

	// Of a container that stayed until one had looked.
	namespaces map[string]uint64
	made       []string // the types that it does not share with this process
	mounts     []string // its mount points, but the root
	// Docker's word.
	asked time.Time // when it was asked
	at    time.Time // State.StartedAt
	veth  *veth     // nil: none
}

type veth struct {
	Host      string `json:"host"`
	Container string `json:"container"`
	Address   string `json:"address"`
}

// ids number the containers.
var ids atomic.Int32

// namespaceTypes are those that a container may have of its own, as /proc
// calls them.
var namespaceTypes = []string{"mnt", "uts", "ipc", "pid", "net", "cgroup", "user"}

// look reads of the container's process what /proc tells.
func (s *started) look() error {
	s.namespaces = map[string]uint64{}
	for _, name := range namespaceTypes {
		inode, err := namespace(strconv.Itoa(s.pid), name)
		if err != nil {
			return err
		}
		own, err := namespace("self", name)
		if err != nil {
			return err
		}
		s.namespaces[name] = inode
		if inode != own {
			s.made = append(s.made, name)
		}
	}
	info, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", s.pid))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(info)) {
		if point := strings.Fields(line)[4]; point != "/" {
			s.mounts = append(s.mounts, point)
		}
	}
	return nil
}

// namespace is the inode of a process's namespace.
func namespace(process, name string) (uint64, error) {
	link, err := os.Readlink("/proc/" + process + "/ns/" + name)
	if err != nil {
		return 0, err
	}
	var inode uint64
	_, err = fmt.Sscanf(link, name+":[%d]", &inode)
	return inode, err
}

// peer is the name of this end of the container's veth: the other end tells
// its index.
func (s *started) peer(link string) (string, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/root/sys/class/net/%s/iflink", s.pid, link))
	if err != nil {
		return "", err
	}
	index, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return "", err
	}
	found, err := net.InterfaceByIndex(index)
	if err != nil {
		return "", err
	}
	return found.Name, nil
}
