package e2e

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// event has the fields that the tests read of a kernel event in JSON, as it is
// documented.
type event struct {
	Time       int64             `json:"time"`
	Kind       string            `json:"kind"`
	PID        int               `json:"pid"`
	Comm       string            `json:"comm"`
	Ret        int64             `json:"ret"`
	File       string            `json:"file"`
	Args       []string          `json:"args"`
	Name       string            `json:"name"`
	Source     string            `json:"source"`
	Target     string            `json:"target"`
	RealTarget string            `json:"real_target"`
	FSType     string            `json:"fs_type"`
	LinkType   string            `json:"link_type"`
	Namespaces map[string]uint64 `json:"namespaces"`
}

// TestEvents checks that events shows what Docker does during one start.
func TestEvents(t *testing.T) {
	d := needDocker(t)
	table, lines := attach(t, "events"), attach(t, "events", "--format", "json")
	id := d.detach(t, image, "sleep", "300")
	pid := d.pid(t, id)
	events := eventsUntil(t, lines, func(e event) bool { return e.Kind == "exec" && e.PID == pid && e.Ret >= 0 })

	find := func(what string, match func(event) bool) {
		t.Helper()
		if !slices.ContainsFunc(events, match) {
			t.Errorf("no event of %s among %d", what, len(events))
		}
	}
	find("the exec of the shim, with its arguments", func(e event) bool {
		return e.Kind == "exec" && strings.Contains(e.File, "containerd-shim") && argument(e.Args, "-id") == id
	})
	find("the exec of runc create, with its arguments", func(e event) bool {
		return e.Kind == "exec" && len(e.Args) > 0 && e.Args[len(e.Args)-1] == id && slices.Contains(e.Args, "create") && argument(e.Args, "--bundle") != ""
	})
	find("the exec of the entrypoint, with its arguments", func(e event) bool {
		return e.Kind == "exec" && e.PID == pid && slices.Equal(e.Args, []string{"sleep", "300"})
	})
	merged := d.inspect(t, id, "{{.GraphDriver.Data.MergedDir}}")
	find("the engine's mount of the rootfs", func(e event) bool {
		return e.Kind == "mount" && e.Source == "overlay" && e.FSType == "overlay" && e.Target == merged && e.Ret == 0
	})
	find("init's mount of proc, with its real target", func(e event) bool {
		return e.Kind == "mount" && e.PID == pid && e.FSType == "proc" && e.Source == "proc" && strings.HasSuffix(e.RealTarget, "/proc")
	})
	inode := namespace(t, pid, "net")
	find("the creation of the network namespace, with its inode", func(e event) bool {
		return (e.Kind == "unshare" || e.Kind == "fork") && e.Namespaces["net"] == inode
	})
	veth := hostVeth(t, d, id)
	find("the veth "+veth, func(e event) bool { return e.Name == veth })
	checkTable(t, table, id, veth, strconv.FormatUint(inode, 10))
}

// eventsUntil waits for an event and returns all events so far.
func eventsUntil(t *testing.T, p *host.Process, last func(event) bool) []event {
	t.Helper()
	var all []event
	host.WaitFor(t, 20*time.Second, "the last event", func() bool {
		all = decodeLines[event](t, p.Stdout.String())
		return slices.ContainsFunc(all, last)
	}, p.Stderr.String)
	return all
}

// checkTable checks that the table, the format for people, shows these words too.
func checkTable(t *testing.T, p *host.Process, words ...string) {
	t.Helper()
	words = append(words, "runc:[2:INIT]", "sleep 300", "overlay", "--bundle")
	for _, word := range words {
		host.WaitFor(t, 10*time.Second, "the table to show "+word, func() bool {
			return strings.Contains(p.Stdout.String(), word)
		}, p.Stderr.String)
	}
}

// argument returns the argument after a flag, or "" if there is none.
func argument(args []string, flag string) string {
	i := slices.Index(args, flag)
	if i < 0 || i+1 == len(args) {
		return ""
	}
	return args[i+1]
}

// hostVeth returns the name of the host's end of a container's veth, found as
// people do: the container's end has the index of its peer.
func hostVeth(t *testing.T, d *docker, id string) string {
	t.Helper()
	text := must(t, d.cmd("exec", id, "cat", "/sys/class/net/eth0/iflink"))
	link, err := net.InterfaceByIndex(number(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return link.Name
}

// TestVethNames compares a start's veth with the host's interfaces.
func TestVethNames(t *testing.T) {
	d := needDocker(t)
	w := watch(t)
	id := d.detach(t, image, "sleep", "300")
	r := w.wait(t, id)[id]
	if len(r.Veths) != 1 {
		t.Fatalf("veths %v; want 1", r.Veths)
	}
	address := d.inspect(t, id, "{{.NetworkSettings.IPAddress}}/{{.NetworkSettings.IPPrefixLen}}")
	if v := r.Veths[0]; v.Host != hostVeth(t, d, id) || v.Container != "eth0" || v.Address != address {
		t.Errorf("veth %+v; the host has %s, the container eth0 with %s", v, hostVeth(t, d, id), address)
	}
}
