package collector

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// podNamespaces are those that pinns makes for a pod in these tests.
var podNamespaces = event.Namespaces{Mnt: 1, UTS: 21, IPC: 22, Net: 23}

// runPod lets CRI-O make the namespaces and the network of a pod.
func (h *hostile) runPod() {
	h.do(event.Event{Kind: event.KindProcess, PID: 1, Args: []string{"crio"}, MntNS: 1, Namespaces: &event.Namespaces{Mnt: 1, Net: 3}})
	h.do(event.Event{Kind: event.KindFork, PID: 1, Child: 2})
	h.do(event.Event{Kind: event.KindExec, PID: 2, Args: []string{"pinns"}, MntNS: 1, NetNS: 3})
	h.do(event.Event{
		Kind: event.KindUnshare, PID: 2, Flags: unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWNET, Duration: 500,
		Namespaces: &podNamespaces, MntNS: 1, NetNS: 23,
	})
	h.do(event.Event{
		Kind: event.KindMount, PID: 2, Source: "/proc/self/ns/net", Target: "/var/run/netns/pod", Flags: unix.MS_BIND, SourceNS: 23,
		MntNS: 1, NetNS: 23,
	})
	h.do(event.Event{Kind: event.KindFork, PID: 1, Child: 3})
	h.do(event.Event{
		Kind: event.KindExec, PID: 3, File: "/opt/cni/bin/bridge", Args: []string{"/opt/cni/bin/bridge"}, MntNS: 1, NetNS: 3,
		Env: []string{"CNI_COMMAND=ADD", "CNI_CONTAINERID=pod", "CNI_NETNS=/var/run/netns/pod", "CNI_IFNAME=eth0"},
	})
	h.do(event.Event{Kind: event.KindExit, PID: 3})
}

// startInPod lets CRI-O start a container of that pod, with processes from pid on, which
// joins the namespaces of the pod.
func (h *hostile) startInPod(pid int, id, kind string) *start.Start {
	monitor := []string{"conmon", "-c", id, "--exit-dir", "/run/crio/exits"}
	h.do(event.Event{Kind: event.KindFork, PID: 1, Child: pid})
	h.do(event.Event{Kind: event.KindExec, PID: pid, Args: monitor, MntNS: 1})
	h.do(event.Event{Kind: event.KindFork, PID: pid, Child: pid + 1})
	h.do(event.Event{Kind: event.KindExec, PID: pid + 1, Args: []string{"runc", "create", id}, MntNS: 1})
	h.do(event.Event{Kind: event.KindBundle, PID: pid + 1, Bundle: &event.Bundle{
		NetnsPath:   "/var/run/netns/pod",
		Annotations: map[string]string{"io.kubernetes.cri-o.ContainerType": kind, "io.kubernetes.cri-o.SandboxID": "pod"},
	}})
	h.do(event.Event{Kind: event.KindFork, PID: pid + 1, Child: pid + 2})
	h.do(event.Event{Kind: event.KindSetns, PID: pid + 2, Namespaces: &podNamespaces})
	h.do(event.Event{Kind: event.KindRename, PID: pid + 2, Name: "runc:[2:INIT]", MntNS: 2})
	h.do(event.Event{Kind: event.KindExit, PID: pid + 1})
	h.do(event.Event{Kind: event.KindFork, PID: 1, Child: pid + 3})
	h.do(event.Event{Kind: event.KindExec, PID: pid + 3, Args: []string{"runc", "start", id}, MntNS: 1})
	h.do(event.Event{Kind: event.KindExec, PID: pid + 2, Args: []string{"/app"}, MntNS: 2})
	return h.tally.starts[len(h.tally.starts)-1]
}

// TestPodWithoutSandbox starts a container in a pod whose namespaces no container holds,
// three seconds after these were made: none of that is the container's. It is counted as
// the node's.
func TestPodWithoutSandbox(t *testing.T) {
	h := newHostile(t)
	h.runPod()
	h.now += int64(3 * time.Second) // the image is pulled
	s := h.startInPod(10, "app", "container")
	if s.Duration >= time.Second || s.Phases[0].Name != start.PhaseShim || len(s.Made) != 0 {
		t.Errorf("it took %v, began with %s, made %q", s.Duration, s.Phases[0].Name, s.Made)
	}
	for _, o := range s.Operations {
		if o.Name == start.OpNetns || o.Name == start.OpCNI || o.Name == start.OpNetwork {
			t.Errorf("the pod's %s is the container's", o.Name)
		}
	}
	if waiting := h.Stats().Waiting; waiting != 4 { // unshare, mount, CNI plugin and its exit
		t.Errorf("%d events of the pod wait for a start", waiting)
	}
	h.now += int64(time.Minute)
	h.do(event.Event{Kind: event.KindClock})
	if stats := h.Stats(); stats.Unjoined != 4 || stats.Waiting != 0 {
		t.Errorf("%d events of the pod are unjoined, %d wait", stats.Unjoined, stats.Waiting)
	}
	for _, n := range h.tally.spaces {
		if n.Origin != OriginOther {
			t.Errorf("the %s namespace of the pod is a start's", n.Type)
		}
	}
}

// TestPinnedNamespaces starts the sandbox of a pod: what pinns made by one call together
// with the network namespace was made for it. The pod's container makes none of it.
func TestPinnedNamespaces(t *testing.T) {
	h := newHostile(t)
	h.runPod()
	sandbox := h.startInPod(10, "pod", "sandbox")
	if !slices.Equal(sandbox.Made, []string{"uts", "ipc", "net"}) || sandbox.Phases[0].Name != start.PhasePrepare {
		t.Errorf("the sandbox made %q and began with %s", sandbox.Made, sandbox.Phases[0].Name)
	}
	if app := h.startInPod(20, "app", "container"); len(app.Made) != 0 {
		t.Errorf("the container made %q", app.Made)
	}
}

// TestPinnedForAnother creates namespaces together with a start's network namespace, of
// which the entrypoint enters others: they are not that start's.
func TestPinnedForAnother(t *testing.T) {
	made := pinned{unix.CLONE_NEWUTS | unix.CLONE_NEWNET, event.Namespaces{UTS: 21, IPC: 22, Net: 23}}
	if flags := made.joinedBy(event.Namespaces{UTS: 31, IPC: 22, Net: 23}); flags != 0 {
		t.Errorf("flags %#x: neither the other UTS namespace nor the IPC namespace was made for it", flags)
	}
	if flags := (pinned{}).joinedBy(event.Namespaces{}); flags != 0 {
		t.Errorf("flags %#x of nothing", flags)
	}
}

// TestUserNamespaceOfMounts lets a runtime create a user namespace to map the ids of mounts:
// only one that the entrypoint is in was made for the container.
func TestUserNamespaceOfMounts(t *testing.T) {
	for _, made := range []bool{false, true} {
		h := newHostile(t)
		ns := event.Namespaces{Mnt: 2, User: 31}
		h.do(event.Event{Kind: event.KindExec, PID: 11, Args: []string{"runc", "create", "app"}, MntNS: 1})
		h.do(event.Event{Kind: event.KindFork, PID: 11, Child: 12, Flags: unix.CLONE_NEWUSER, Namespaces: &event.Namespaces{Mnt: 1, User: 30}})
		h.do(event.Event{Kind: event.KindFork, PID: 11, Child: 13, MntNS: 1})
		flags := uint64(unix.CLONE_NEWNS)
		if made {
			flags |= unix.CLONE_NEWUSER
		}
		h.do(event.Event{Kind: event.KindUnshare, PID: 13, Flags: flags, Namespaces: &ns, MntNS: 2})
		h.do(event.Event{Kind: event.KindRename, PID: 13, Name: "runc:[2:INIT]", MntNS: 2})
		h.do(event.Event{Kind: event.KindExit, PID: 11})
		h.do(event.Event{Kind: event.KindExec, PID: 14, Args: []string{"runc", "start", "app"}, MntNS: 1})
		h.do(event.Event{Kind: event.KindExec, PID: 13, Args: []string{"/app"}, MntNS: 2})
		if len(h.tally.starts) != 1 || slices.Contains(h.tally.starts[0].Made, "user") != made {
			t.Errorf("made %v: %+v", made, h.tally.starts)
		}
	}
}
