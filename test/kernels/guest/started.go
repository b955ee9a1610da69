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

// container is a container that was started, and what is known of it from other
// sources than the exporter.
type container struct {
	name            string // of the check; containers of the same name are started in the same way
	id              string
	engine, runtime string
	phases          []string
	failed          string // phase in which the start fails; empty if it does not
	pid             int    // 0 if not known
	*identity              // nil if not known

	// From /proc, if the container still ran.
	namespaces    map[string]uint64
	ownNamespaces []string // types of the namespaces that it does not share with this process
	mounts        []string // its mount points, but the root
	cgroup        string   // its path, on v2
	// From Docker.
	requestedAt time.Time // when docker run was executed
	startedAt   time.Time // State.StartedAt
	veth        *veth     // nil if it has none
}

// identity is what a container's engine calls it, and its image.
type identity struct {
	Name  string `json:"name"`
	Image string `json:"image"`
}

type veth struct {
	Host      string `json:"host"`
	Container string `json:"container"`
	Address   string `json:"address"`
}

// ids numbers the containers.
var ids atomic.Int32

// namespaceTypes are the types of namespaces that a container may have of its
// own, by their names in /proc.
var namespaceTypes = []string{"mnt", "uts", "ipc", "pid", "net", "cgroup", "user"}

// readProc reads the namespaces and mounts of the container's process from /proc.
func (c *container) readProc() error {
	c.namespaces = map[string]uint64{}
	for _, name := range namespaceTypes {
		inode, err := namespace(strconv.Itoa(c.pid), name)
		if err != nil {
			return err
		}
		own, err := namespace("self", name)
		if err != nil {
			return err
		}
		c.namespaces[name] = inode
		if inode != own {
			c.ownNamespaces = append(c.ownNamespaces, name)
		}
	}
	cgroups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", c.pid))
	if err != nil {
		return err
	}
	if path, ok := strings.CutPrefix(string(cgroups), "0::"); ok {
		c.cgroup = strings.TrimSpace(path)
	}
	info, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", c.pid))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(info)) {
		if point := strings.Fields(line)[4]; point != "/" {
			c.mounts = append(c.mounts, point)
		}
	}
	return nil
}

// namespace returns the inode number of a process's namespace.
func namespace(process, name string) (uint64, error) {
	link, err := os.Readlink("/proc/" + process + "/ns/" + name)
	if err != nil {
		return 0, err
	}
	var inode uint64
	_, err = fmt.Sscanf(link, name+":[%d]", &inode)
	return inode, err
}

// peer returns the name of the host's end of the container's veth, whose index is
// in iflink of the container's end.
func (c *container) peer(link string) (string, error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/root/sys/class/net/%s/iflink", c.pid, link))
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
