package terminal

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"container_start_exporter/collector/event"
	"container_start_exporter/exporter/internal/golden"
)

var tableEvents = []*event.Event{
	{Kind: event.KindClock, Time: 1, Wall: 1795429882_000000001},
	{Kind: event.KindProcess, PID: 700, Comm: "dockerd", File: "/usr/bin/dockerd", Args: []string{"/usr/bin/dockerd", "-H", "fd://"}, Namespaces: &event.Namespaces{Mnt: 4026531841}},
	{Kind: event.KindExec, PID: 24674, Comm: "runc", File: "/usr/sbin/runc", Args: []string{"runc", "create", "--bundle", "/run/a b", "web"}},
	{Kind: event.KindExec, PID: 24675, Comm: "bridge", File: "/opt/cni/bin/bridge", Args: []string{"/opt/cni/bin/bridge"}, Env: []string{"CNI_COMMAND=ADD", "CNI_ARGS=a;b"}, Truncated: true},
	{Kind: event.KindExec, PID: 24676, Comm: "sh", File: "/bin/nope", Args: []string{"/bin/nope", "", `say "hi"`}, Ret: -2},
	{Kind: event.KindFork, PID: 24681, Comm: "runc:[0:PARENT]", Child: 24683, Parent: 24674, Flags: 0x8000 | 17},
	{Kind: event.KindFork, PID: 99, Comm: "crun", Child: 100, Flags: 0x20000 | 0x40000000, Namespaces: &event.Namespaces{Mnt: 4026532320, Net: 4026532321}, Duration: 350000},
	{Kind: event.KindExit, PID: 24681, Comm: "runc:[0:PARENT]"},
	{Kind: event.KindExit, PID: 24684, Comm: "busybox", Status: 9, OOM: true},
	{Kind: event.KindExit, PID: 24682, Comm: "runc", Status: 1 << 8},
	{Kind: event.KindExit, PID: 24683, Comm: "runc:[2:INIT]", Status: 9},
	{Kind: event.KindRename, PID: 24683, Comm: "runc", Name: "runc:[2:INIT]"},
	{Kind: event.KindUnshare, PID: 24682, Comm: "runc:[1:CHILD]", Flags: 0x2c020000, Duration: 9800000, Namespaces: &event.Namespaces{Mnt: 4026532320, UTS: 4026532318, IPC: 4026532319, PID: 4026532322}},
	{Kind: event.KindSetns, PID: 700, TID: 709, Comm: "dockerd", Flags: 0x40000000},
	{Kind: event.KindMount, PID: 700, Comm: "dockerd", Source: "overlay", Target: "/var/lib/docker/overlay2/x/merged", FSType: "overlay", Data: "index=off,lowerdir=/l/A:/l/B", Duration: 812000},
	{Kind: event.KindMount, PID: 24683, Comm: "runc:[2:INIT]", Source: "proc", Target: "/proc/thread-self/fd/8", RealTarget: "/merged/proc", FSType: "proc", Flags: 0xe, Ret: -20},
	{Kind: event.KindMount, PID: 24683, Comm: "runc:[2:INIT]", Source: "/proc/1/ns/net", Target: "/run/netns/x", SourceNS: 4026532321, Flags: 0x1000},
	{Kind: event.KindUmount, PID: 24683, Comm: "runc:[2:INIT]", Target: ".", Flags: 2},
	{Kind: event.KindPivotRoot, PID: 24683, Comm: "runc:[2:INIT]", Source: ".", Target: "."},
	{Kind: event.KindChroot, PID: 24683, Comm: "runc:[2:INIT]", Target: "."},
	{Kind: event.KindOpenTree, PID: 1, Comm: "a", Target: "/a", Flags: 1, Ret: 7},
	{Kind: event.KindMoveMount, PID: 1, Comm: "a", Target: "/b", Flags: 4},
	{Kind: event.KindFsopen, PID: 1, Comm: "a", FSType: "proc", Flags: 1},
	{Kind: event.KindFsconfig, PID: 1, Comm: "a", Name: "hidepid", Data: "2"},
	{Kind: event.KindFsmount, PID: 1, Comm: "a", Flags: 1},
	{Kind: event.KindMountSetattr, PID: 1, Comm: "a", Target: "/b", Flags: 0x8000},
	{Kind: event.KindCgroupMkdir, PID: 24674, Comm: "runc", Path: "/docker/3f9c", Hierarchy: 9},
	{Kind: event.KindCgroupAttach, PID: 24674, Comm: "runc", Path: "/docker/3f9c", Child: 24681},
	{Kind: event.KindCgroupAttach, PID: 1, Comm: "systemd", Child: 24682, Path: "/system.slice/docker-3f9c.scope", Made: 8500000},
	{Kind: event.KindCgroupRmdir, PID: 24674, Comm: "runc", Path: "/docker/3f9c"},
	{Kind: event.KindNetlink, PID: 700, Comm: "dockerd", Message: "RTM_NEWLINK", Name: "veth7655a02", LinkType: "veth", PeerName: "veth62ded31"},
	{Kind: event.KindLink, PID: 700, Comm: "dockerd", Message: "RTM_DELLINK", Name: "veth62ded31", Index: 9, PeerIndex: 10, Moved: true, TargetNS: 4026532321},
	{Kind: event.KindLink, PID: 700, Comm: "dockerd", Message: "RTM_NEWADDR", Name: "eth0", Index: 9, Address: "172.17.0.2/16"},
	{Kind: event.KindVethNewlink, PID: 42, Comm: "ip", LinkNS: 4026531840, Index: 9, Name: "veth0", TargetNS: 4026532321, PeerIndex: 10, PeerName: "eth0", LinkType: "veth", Duration: 300000, Waited: 1200000},
	{Kind: event.KindVethNewlink, PID: 42, Comm: "ip", LinkNS: 4026531840, Name: "veth0", LinkType: "veth", Ret: -17},
	{Kind: event.KindVethDellink, PID: 43, Comm: "kworker/u4:1", LinkNS: 4026531840, Index: 9, Name: "veth0", TargetNS: 4026531840, PeerIndex: 10, PeerName: "veth1", LinkType: "veth", Duration: 200000},
	{Kind: event.KindListen, PID: 77, Comm: "httpd", MntNS: 4026532320},
	{Kind: event.KindLost, Lost: 12, What: "mount", Cause: "buffer_full"},
	{Kind: event.KindLost, Lost: 1, Cause: "undecodable"},
	{Kind: event.KindBundle, Path: "/run/b", Bundle: &event.Bundle{Root: "/run/b/rootfs", CgroupsPath: "/docker/3f9c", Hooks: []event.Hook{{Kind: "prestart", Path: "/usr/bin/hook"}}}},
	{Kind: event.KindGone, PID: 24683, Comm: "runc:[2:INIT]"},
	{Kind: "later", PID: 5, Comm: "new"},
	{Kind: event.KindExec, PID: 6, Comm: "\x1b[2J\n", File: "/x", Args: []string{"/x", "\x1b]0;pwned\x07", "a\nb", "\u202e"}},
}

func TestTable(t *testing.T) {
	golden.InUTC(t)
	var b strings.Builder
	table := NewTable(&b, Options{})
	for i, e := range tableEvents {
		if e.Kind != event.KindClock {
			e.Time = int64(1000000 * i)
		}
		if err := table.Event(e); err != nil {
			t.Fatal(err)
		}
	}
	golden.Compare(t, "table.txt", b.String())
}

// TestTableKnowsAllKinds checks that every kind of event has details, and a row
// in the golden table.
func TestTableKnowsAllKinds(t *testing.T) {
	for _, kind := range event.AllKinds {
		if _, ok := contents[kind]; !ok && kind != event.KindClock {
			t.Errorf("%s events have no details", kind)
		}
		if !slices.ContainsFunc(tableEvents, func(e *event.Event) bool { return e.Kind == kind }) {
			t.Errorf("no %s event is in the golden table", kind)
		}
	}
}

func TestTableBounded(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		e := &event.Event{Kind: event.KindExec, Comm: drawnText(random), File: drawnText(random), Ret: int64(random.Uint64()), Status: random.Int()}
		for range random.IntN(2000) {
			e.Args = append(e.Args, drawnText(random))
		}
		for kind := range contents {
			e.Kind = kind
			var b strings.Builder
			if err := NewTable(&b, Options{ASCII: true}).Event(e); err != nil {
				t.Fatal(err)
			}
			checkInside(t, b.String(), Options{Width: detailsColumn + maxDetails, ASCII: true})
		}
	}
}
