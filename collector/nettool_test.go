package collector

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/join"
	"container_start_exporter/collector/start"
)

// The namespaces of the host in these tests.
const (
	hostMntNS = 1
	hostNetNS = 3
)

// podman is a Podman of one user that starts one container, with processes from pid on.
// Its paths are those of every other: only their mount namespaces differ.
type podman struct {
	*hostile
	pid   int
	id    string
	mntNS uint32 // of the user
	outer uint32 // the network namespace that all bridge networks of the user are in
	netNS uint32 // of the container; 0 if its runtime makes it
}

func (p podman) netnsPath() string { return fmt.Sprintf("/run/user/netns/netns-%d", p.netNS) }

// begin executes Podman.
func (p podman) begin() {
	p.do(event.Event{Kind: event.KindExec, PID: p.pid, Args: []string{"podman", "run"}, MntNS: p.mntNS, NetNS: hostNetNS})
}

// makeNetns lets a thread of Podman make a network namespace and bind it to a path.
func (p podman) makeNetns(ns uint32, path string) {
	tid := p.pid + 1
	p.do(event.Event{Kind: event.KindUnshare, PID: p.pid, TID: tid, Flags: unix.CLONE_NEWNET, Duration: 500,
		Namespaces: &event.Namespaces{Mnt: p.mntNS, Net: ns}, MntNS: p.mntNS, NetNS: ns})
	p.do(event.Event{Kind: event.KindMount, PID: p.pid, TID: tid, Source: "/proc/thread-self/ns/net", SourceNS: ns, Target: path,
		Flags: unix.MS_BIND, MntNS: p.mntNS, NetNS: ns})
}

// execute lets Podman execute a network program as a child, and returns its pid.
func (p podman) execute(offset int, mntNS, netNS uint32, env []string, args ...string) (pid int) {
	pid = p.pid + offset
	p.do(event.Event{Kind: event.KindFork, PID: p.pid, Child: pid})
	p.do(event.Event{Kind: event.KindExec, PID: pid, File: args[0], Args: args, Env: env, MntNS: mntNS, NetNS: netNS})
	return pid
}

// enter lets a process enter a network namespace.
func (h *hostile) enter(pid int, ns uint32) {
	h.do(event.Event{Kind: event.KindSetns, PID: pid, Flags: unix.CLONE_NEWNET, Namespaces: &event.Namespaces{Net: ns}, NetNS: ns})
}

// makeRootlessNetns lets Podman make the network namespace of the user's bridges, and
// connect it to the host's.
func (p podman) makeRootlessNetns() {
	const path = "/run/user/containers/networks/rootless-netns/rootless-netns"
	p.makeNetns(p.outer, path)
	pasta := p.execute(10, p.mntNS, hostNetNS, nil, "/usr/bin/pasta", "--config-net", "--netns", path)
	p.do(event.Event{Kind: event.KindFork, PID: pasta, Child: pasta + 1})
	p.enter(pasta+1, p.outer)
	p.do(event.Event{Kind: event.KindExit, PID: pasta + 1})
	p.do(event.Event{Kind: event.KindExit, PID: pasta})
}

// runNetavark lets Podman execute netavark in the network namespace of the bridges, and
// in a mount namespace of its own.
func (p podman) runNetavark(path string) (pid int) {
	pid = p.execute(20, p.mntNS+1000, p.outer, nil, "/usr/lib/podman/netavark", "setup", path)
	p.enter(pid, p.netNS)
	p.enter(pid, p.outer)
	p.do(event.Event{Kind: event.KindNetlink, PID: pid, Message: "RTM_NEWLINK", LinkType: "veth", PeerName: "eth0", LinkNS: p.outer,
		TargetNS: p.netNS, MntNS: p.mntNS + 1000, NetNS: p.outer})
	p.do(event.Event{Kind: event.KindNetlink, PID: pid, Message: "RTM_NEWADDR", LinkNS: p.netNS, Index: 2,
		Address: fmt.Sprintf("10.89.0.%d/24", p.netNS%250), MntNS: p.mntNS + 1000, NetNS: p.outer})
	p.do(event.Event{Kind: event.KindExit, PID: pid})
	return pid
}

// create lets conmon create the container, whose init enters or is cloned into its network
// namespace.
func (p podman) create() {
	const conmon, crun, init = 30, 31, 32
	p.do(event.Event{Kind: event.KindFork, PID: p.pid, Child: p.pid + conmon})
	p.do(event.Event{Kind: event.KindExec, PID: p.pid + conmon, Args: []string{"conmon", "-c", p.id, "--exit-dir", "/run/user/libpod"}, MntNS: p.mntNS, NetNS: hostNetNS})
	p.do(event.Event{Kind: event.KindFork, PID: p.pid + conmon, Child: p.pid + crun})
	p.runCrun(crun, init)
}

func (p podman) runCrun(crun, init int) {
	p.do(event.Event{Kind: event.KindExec, PID: p.pid + crun, Args: []string{"crun", "create", p.id}, MntNS: p.mntNS, NetNS: hostNetNS})
	bundle := &event.Bundle{Root: "/rootfs/" + p.id}
	flags, ns := uint64(unix.CLONE_NEWNS|unix.CLONE_NEWNET), p.netNS
	if crun == 31 {
		bundle.NetnsPath = p.netnsPath()
		flags, ns = unix.CLONE_NEWNS, hostNetNS
	}
	p.do(event.Event{Kind: event.KindBundle, PID: p.pid + crun, Bundle: bundle})
	p.do(event.Event{Kind: event.KindFork, PID: p.pid + crun, Child: p.pid + init, Flags: flags, Duration: 500,
		Namespaces: &event.Namespaces{Mnt: uint32(p.pid + 5000), Net: ns}, MntNS: p.mntNS, NetNS: hostNetNS})
	if ns != p.netNS {
		p.enter(p.pid+init, p.netNS)
	}
	p.do(event.Event{Kind: event.KindExit, PID: p.pid + crun})
}

// release starts what was created, and returns its record.
func (p podman) release(init int) *start.Start {
	p.do(event.Event{Kind: event.KindFork, PID: p.pid, Child: p.pid + 40})
	p.do(event.Event{Kind: event.KindExec, PID: p.pid + 40, Args: []string{"crun", "start", p.id}, MntNS: p.mntNS, NetNS: hostNetNS})
	p.do(event.Event{Kind: event.KindExec, PID: p.pid + init, Args: []string{"/app"}, MntNS: uint32(p.pid + 5000), NetNS: p.netNS})
	return p.tally.starts[len(p.tally.starts)-1]
}

// programs returns the network programs of a start, each with its pid.
func programs(s *start.Start) (list []string) {
	for _, o := range s.Operations {
		switch o.Name {
		case start.OpCNI, start.OpNetavark, start.OpPasta, start.OpSlirp4netns, start.OpIptables, start.OpProxy:
			list = append(list, string(o.Name)+" "+o.Attributes[start.AttrPID])
		}
	}
	return list
}

// took returns how long the first operation of a name took, -1 if there is none.
func took(s *start.Start, name start.OperationName) time.Duration {
	for _, o := range s.Operations {
		if o.Name == name {
			return o.Duration
		}
	}
	return -1
}

// TestTwoRootlessUsers starts containers of two users at once, whose paths are the same:
// each has its own netavark and its own veth. The network namespace of a user's bridges
// is no container's.
func TestTwoRootlessUsers(t *testing.T) {
	h := newHostile(t)
	a := podman{hostile: h, pid: 100, id: "a", mntNS: 11, outer: 12, netNS: 13}
	b := podman{hostile: h, pid: 200, id: "b", mntNS: 21, outer: 22, netNS: 23}
	both := []podman{a, b}
	// netavark is given the path of the same name in both
	const path = "/run/user/netns/netns-1"
	for _, step := range []func(podman){
		podman.begin,
		func(p podman) { p.makeNetns(p.netNS, p.netnsPath()) },
		podman.makeRootlessNetns,
		func(p podman) { p.runNetavark(path) },
		podman.create,
	} {
		for _, p := range both {
			step(p)
		}
	}
	for _, p := range both {
		s := p.release(32)
		if got, want := programs(s), []string{"netavark " + strconv.Itoa(p.pid+20)}; !slices.Equal(got, want) {
			t.Errorf("%s: programs %q, want %q", p.id, got, want)
		}
		if want := []start.Veth{{Container: "eth0", Address: fmt.Sprintf("10.89.0.%d/24", p.netNS)}}; !slices.Equal(s.Veths, want) {
			t.Errorf("%s: veths %v, want %v", p.id, s.Veths, want)
		}
	}
}

// TestSharedRootlessNetns starts two containers of one user whose bridges are in one
// network namespace: the second has nothing of the first, of which the network was set up
// while it was in progress, and neither has the pasta that the user's bridges share.
func TestSharedRootlessNetns(t *testing.T) {
	h := newHostile(t)
	a := podman{hostile: h, pid: 100, id: "a", mntNS: 11, outer: 12, netNS: 13}
	b := podman{hostile: h, pid: 200, id: "b", mntNS: 11, outer: 12, netNS: 23}
	a.begin()
	a.makeNetns(a.netNS, a.netnsPath())
	a.makeRootlessNetns()
	b.begin()
	b.makeNetns(b.netNS, b.netnsPath())
	b.runNetavark(b.netnsPath())
	b.create()
	a.runNetavark(a.netnsPath())
	a.create()
	for _, p := range []podman{b, a} {
		s := p.release(32)
		if got, want := programs(s), []string{"netavark " + strconv.Itoa(p.pid+20)}; !slices.Equal(got, want) {
			t.Errorf("%s: programs %q, want %q", p.id, got, want)
		}
		if len(s.Veths) != 1 || len(s.Made) == 0 {
			t.Errorf("%s: veths %v, made %q", p.id, s.Veths, s.Made)
		}
	}
}

// TestBuildSteps runs the steps of two builds at once, and a second step of the first in a
// network namespace whose number the first one's had: netavark is given the path of a
// descriptor, and belongs to the step whose network namespace it enters.
func TestBuildSteps(t *testing.T) {
	h := newHostile(t)
	a := podman{hostile: h, pid: 100, id: "buildah-buildah1", mntNS: 1, outer: hostNetNS, netNS: 13}
	b := podman{hostile: h, pid: 200, id: "buildah-buildah2", mntNS: 1, outer: hostNetNS, netNS: 23}
	again := podman{hostile: h, pid: 300, id: "buildah-buildah3", mntNS: 1, outer: hostNetNS, netNS: 13}
	step := func(list ...podman) {
		for _, p := range list {
			p.begin()
			p.do(event.Event{Kind: event.KindFork, PID: p.pid, Child: p.pid + 51})
			p.runCrun(51, 52)
		}
		for _, p := range list {
			p.runNetavark("/proc/123/fd/11")
		}
		for _, p := range list {
			s := p.release(52)
			if got, want := programs(s), []string{"netavark " + strconv.Itoa(p.pid+20)}; !slices.Equal(got, want) || len(s.Veths) != 1 {
				t.Errorf("%s: programs %q, veths %v, want %q and one", p.id, got, s.Veths, want)
			}
		}
	}
	step(a, b)
	step(again)
	if n := len(h.tally.starts); n != 3 {
		t.Errorf("%d starts", n)
	}
}

// TestPasta lets pasta execute the variant of itself that fits the CPU, go on as another
// process and fail: it is one run, until the process that was executed exits.
func TestPasta(t *testing.T) {
	h := newHostile(t)
	p := podman{hostile: h, pid: 100, id: "a", mntNS: 11, netNS: 13}
	p.begin()
	p.makeNetns(p.netNS, p.netnsPath())
	pasta := p.execute(20, p.mntNS, hostNetNS, nil, "/usr/bin/pasta", "--netns", p.netnsPath())
	h.do(event.Event{Kind: event.KindExec, PID: pasta, File: "/usr/bin/pasta.avx2", Args: []string{"/usr/bin/pasta", "--netns", p.netnsPath()}, MntNS: 11, NetNS: hostNetNS})
	h.do(event.Event{Kind: event.KindFork, PID: pasta, Child: pasta + 1})
	h.now += int64(40 * time.Millisecond)
	h.do(event.Event{Kind: event.KindExit, PID: pasta, Status: 1 << 8})
	h.now += int64(time.Second)
	p.create()
	s := p.release(32)
	if got, want := programs(s), []string{"pasta 120"}; !slices.Equal(got, want) {
		t.Fatalf("programs %q, want %q", got, want)
	}
	if d := took(s, start.OpPasta); d < 40*time.Millisecond || d > 41*time.Millisecond {
		t.Errorf("it took %v, want 40 ms", d)
	}
	for _, o := range s.Operations {
		if o.Name == start.OpPasta && o.Attributes[start.AttrExitCode] != "1" {
			t.Errorf("pasta %v", o.Attributes)
		}
	}
}

// TestSlirp4netns lets slirp4netns set up a network and go on running: its run lasts until
// the last that it is seen to do. It is joined by a path, or by the pid of an init.
func TestSlirp4netns(t *testing.T) {
	for _, byPID := range []bool{false, true} {
		h := newHostile(t)
		p := podman{hostile: h, pid: 100, id: "a", mntNS: 11, outer: hostNetNS, netNS: 13}
		p.begin()
		init, target := 32, "100" // Podman itself: nobody's
		if byPID {
			h.do(event.Event{Kind: event.KindFork, PID: p.pid, Child: p.pid + 51})
			p.runCrun(51, 52)
			init, target = 52, "152"
		} else {
			p.makeNetns(p.netNS, p.netnsPath())
			target = p.netnsPath()
		}
		slirp := p.execute(20, p.mntNS, hostNetNS, nil, "/usr/bin/slirp4netns", "--enable-sandbox", "-r", "3", "-e", "4", target, "tap0")
		h.do(event.Event{Kind: event.KindFork, PID: slirp, Child: slirp + 1})
		h.now += int64(5 * time.Millisecond)
		if !byPID {
			h.enter(slirp+1, p.netNS)
		}
		h.do(event.Event{Kind: event.KindExit, PID: slirp + 1})
		h.now += int64(5 * time.Millisecond)
		h.do(event.Event{Kind: event.KindPivotRoot, PID: slirp, Target: ".", MntNS: 77})
		h.now += int64(time.Second)
		if !byPID {
			p.create()
		}
		s := p.release(init)
		if got, want := programs(s), []string{"slirp4netns 120"}; !slices.Equal(got, want) {
			t.Fatalf("by pid %t: programs %q, want %q", byPID, got, want)
		}
		if d := took(s, start.OpSlirp4netns); d < 10*time.Millisecond || d > 11*time.Millisecond {
			t.Errorf("by pid %t: it took %v, want 10 ms", byPID, d)
		}
	}
}

// TestRootlessPort publishes a port of a container of rootless Podman: what forwards it is
// joined by the network namespace that a thread of it enters to execute itself there.
func TestRootlessPort(t *testing.T) {
	h := newHostile(t)
	p := podman{hostile: h, pid: 100, id: "a", mntNS: 11, outer: 12, netNS: 13}
	p.begin()
	p.makeNetns(p.netNS, p.netnsPath())
	p.runNetavark(p.netnsPath())
	port := p.execute(25, p.mntNS, hostNetNS, nil, "rootlessport")
	h.now += int64(7 * time.Millisecond)
	h.do(event.Event{Kind: event.KindSetns, PID: port, TID: port + 9, Flags: unix.CLONE_NEWNET, Namespaces: &event.Namespaces{Net: p.netNS}, NetNS: p.netNS})
	h.do(event.Event{Kind: event.KindFork, PID: port, Child: port + 1})
	h.do(event.Event{Kind: event.KindExec, PID: port + 1, File: "/proc/self/exe", Args: []string{"rootlessport-child"}, NetNS: p.netNS})
	h.now += int64(time.Second)
	p.create()
	s := p.release(32)
	if got, want := programs(s), []string{"netavark 120", "proxy 125"}; !slices.Equal(got, want) {
		t.Fatalf("programs %q, want %q", got, want)
	}
	if d := took(s, start.OpProxy); d < 7*time.Millisecond || d > 8*time.Millisecond {
		t.Errorf("it took %v, want 7 ms", d)
	}
}

// TestIptablesInNetns lets a thread of the engine enter the network namespace of a container
// and execute iptables there, as Docker does for its resolver: no address is the container's
// in these rules. What is executed in another network namespace, or in the engine's own, is
// no start's, nor is what comes after the start.
func TestIptablesInNetns(t *testing.T) {
	const crun, init, another = 33, 34, 98
	h := newHostile(t)
	p := podman{hostile: h, pid: 100, id: "a", mntNS: 11, netNS: 13}
	iptables := func(offset int, ns uint32) {
		p.do(event.Event{Kind: event.KindSetns, PID: p.pid, TID: p.pid + 1, Flags: unix.CLONE_NEWNET, Namespaces: &event.Namespaces{Net: ns}, NetNS: ns})
		pid := p.execute(offset, p.mntNS, ns, nil, "/usr/sbin/iptables", "--wait", "-t", "nat", "-I", "OUTPUT", "-d", "127.0.0.11", "-j", "DOCKER_OUTPUT")
		p.do(event.Event{Kind: event.KindExit, PID: pid})
	}
	p.begin()
	p.do(event.Event{Kind: event.KindFork, PID: p.pid, Child: p.pid + 30})
	p.do(event.Event{Kind: event.KindExec, PID: p.pid + 30, Args: []string{"conmon", "-c", p.id}, MntNS: p.mntNS, NetNS: hostNetNS})
	p.do(event.Event{Kind: event.KindFork, PID: p.pid + 30, Child: p.pid + crun})
	p.runCrun(crun, init)
	iptables(20, p.netNS)
	iptables(21, another)
	iptables(22, hostNetNS)
	iptables(23, p.netNS)
	s := p.release(init)
	iptables(24, p.netNS)
	if got, want := programs(s), []string{"iptables 120", "iptables 123"}; !slices.Equal(got, want) {
		t.Errorf("programs %q, want %q", got, want)
	}
	if all, one := took(s, start.OpNetwork), took(s, start.OpIptables); one <= 0 || all < 2*one {
		t.Errorf("the network took %v, one run of iptables %v", all, one)
	}
}

// TestPortInUse lets two containers try the same ports at once, as those of rootless Docker
// do: what has the address of a container is that one's, whoever tried the port first, and a
// port is the container's whose program still forwards it.
func TestPortInUse(t *testing.T) {
	const conmon, crun, init = 30, 33, 34
	h := newHostile(t)
	pods := []podman{{hostile: h, pid: 100, id: "a", mntNS: 11, netNS: 13}, {hostile: h, pid: 1000, id: "b", mntNS: 11, netNS: 14}}
	a, b := pods[0], pods[1]
	forward := func(p podman, offset int, port string, inUse bool) {
		pid := p.execute(offset, p.mntNS, hostNetNS, nil, "/usr/bin/docker-proxy", "-proto", "tcp", "-host-ip", "0.0.0.0", "-host-port", port,
			"-container-ip", fmt.Sprintf("172.17.0.%d", p.netNS), "-container-port", "80")
		if inUse {
			h.do(event.Event{Kind: event.KindExit, PID: pid, Status: 256})
		}
	}
	rule := func(p podman, offset int, words string) {
		pid := p.execute(offset, p.mntNS, hostNetNS, nil, strings.Fields("/usr/sbin/iptables "+words)...)
		h.do(event.Event{Kind: event.KindExit, PID: pid})
	}
	for _, p := range pods {
		p.begin()
		h.do(event.Event{Kind: event.KindFork, PID: p.pid, Child: p.pid + conmon})
		h.do(event.Event{Kind: event.KindExec, PID: p.pid + conmon, Args: []string{"conmon", "-c", p.id}, MntNS: p.mntNS, NetNS: hostNetNS})
	}
	forward(a, 50, "80", false)
	rule(b, 51, "-A DOCKER -p tcp -d 0/0 --dport 80 -j DNAT --to-destination 172.17.0.14:80")
	forward(b, 52, "80", true)
	forward(b, 53, "81", false)
	for _, p := range pods {
		h.do(event.Event{Kind: event.KindFork, PID: p.pid + conmon, Child: p.pid + crun})
		p.runCrun(crun, init)
		h.do(event.Event{Kind: event.KindNetlink, PID: p.pid, Message: "RTM_NEWADDR", LinkNS: p.netNS, Index: 2,
			Address: fmt.Sprintf("172.17.0.%d/16", p.netNS), MntNS: p.mntNS, NetNS: hostNetNS})
	}
	forward(a, 54, "82", true)
	forward(b, 55, "82", false)
	rule(b, 56, "-t raw -A PREROUTING -p tcp --dport 82 -j DROP")
	rule(a, 57, "-t raw -A PREROUTING -p tcp --dport 80 -j DROP")
	for i, want := range [][]string{
		{"proxy 150", "proxy 154", "iptables 157"},
		{"iptables 1051", "proxy 1052", "proxy 1053", "proxy 1055", "iptables 1056"},
	} {
		if got := programs(pods[i].release(init)); !slices.Equal(got, want) {
			t.Errorf("programs of %s %q, want %q", pods[i].id, got, want)
		}
	}
}

// TestEntersAnother lets network programs enter network namespaces that are no start's:
// the one that they were executed in, that of another container, and two after each other,
// of which the first is the one that is set up. None is joined to the start in progress.
func TestEntersAnother(t *testing.T) {
	h := newHostile(t)
	p := podman{hostile: h, pid: 100, id: "a", mntNS: 11, outer: hostNetNS, netNS: 13}
	p.begin()
	p.makeNetns(p.netNS, p.netnsPath())
	for i, entered := range [][]uint32{{hostNetNS}, {98}, {98, p.netNS}, nil} {
		other := podman{hostile: h, pid: 1000 + 100*i, mntNS: 11}
		other.begin()
		pid := other.execute(20, 99, hostNetNS, nil, "/usr/lib/podman/netavark", "setup", "/proc/9/fd/3")
		for _, ns := range entered {
			h.enter(pid, ns)
		}
		h.do(event.Event{Kind: event.KindExit, PID: pid})
	}
	p.create()
	if got := programs(p.release(32)); len(got) != 0 {
		t.Errorf("programs %q", got)
	}
	h.now += int64(time.Minute)
	h.do(event.Event{Kind: event.KindClock})
	if s := h.Stats(); s.Waiting != 0 || h.origins.host.joins.Waiting() != 0 {
		t.Errorf("%d events wait, in %d waiters", s.Waiting, h.origins.host.joins.Waiting())
	}
}

// TestContainerOfPodJoinsNetns enters a pod's network namespace by an init, and by a
// plugin that the pod's sandbox was set up with: the container has nothing of that.
func TestContainerOfPodJoinsNetns(t *testing.T) {
	h := newHostile(t)
	h.runPod()
	h.enter(3, 23)
	if s := h.startInPod(10, "app", "container"); len(programs(s)) != 0 {
		t.Errorf("programs %q", programs(s))
	}
}

// delegate executes a CNI plugin that nothing watched has forked, as the daemon of a thick
// plugin does.
func (h *hostile) delegate(pid int, nested uint32, plugin, id, netns string) {
	h.do(event.Event{Kind: event.KindExec, PID: pid, File: "/opt/cni/bin/" + plugin, Args: []string{"/opt/cni/bin/" + plugin}, MntNS: 7, NetNS: hostNetNS, Nested: nested,
		Env: []string{"CNI_COMMAND=ADD", "CNI_CONTAINERID=" + id, "CNI_NETNS=" + netns, "CNI_IFNAME=eth0"}})
	h.do(event.Event{Kind: event.KindNetlink, PID: pid, Message: "RTM_NEWLINK", LinkType: "veth", Name: "veth" + strconv.Itoa(pid), PeerName: "eth0",
		LinkNS: hostNetNS, TargetNS: 23, MntNS: 7, NetNS: hostNetNS, Nested: nested})
	h.do(event.Event{Kind: event.KindExit, PID: pid, Nested: nested})
}

// TestThickPlugin lets a daemon execute the delegates of a thick plugin for a sandbox. They
// are joined by the container's id; by the network namespace of a process, if the id is
// another; and not at all if they are executed in a container, or for another.
func TestThickPlugin(t *testing.T) {
	for _, test := range []struct {
		name, id, netns string
		nested          uint32
		joined          bool
	}{
		{"id", "pod", "/other/path", 0, true},
		{"netns", "k8s.io-pod", "/proc/12/ns/net", 0, false}, // it is not the init's, who is not forked yet
		{"in a container", "pod", "/var/run/netns/pod", container, false},
		{"another pod", "pod2", "/var/run/netns/pod2", 0, false},
	} {
		h := newHostile(t)
		h.runPod()
		h.delegate(500, test.nested, "ptp", test.id, test.netns)
		s := h.startInPod(10, "pod", "sandbox")
		got := slices.Contains(programs(s), "cni 500")
		veths := len(s.Veths)
		if got != test.joined || !test.joined && veths != 0 {
			t.Errorf("%s: joined %t, %d veths", test.name, got, veths)
		}
	}
}

// TestPluginOfInit joins a plugin that is given the network namespace of the container's
// init, under an id that is no container's.
func TestPluginOfInit(t *testing.T) {
	h := newHostile(t)
	p := podman{hostile: h, pid: 100, id: "buildah-buildah1", mntNS: 1, outer: hostNetNS, netNS: 13}
	p.begin()
	h.do(event.Event{Kind: event.KindFork, PID: p.pid, Child: p.pid + 51})
	p.runCrun(51, 52)
	h.delegate(500, 0, "bridge", "default-abc", "/proc/152/ns/net")
	h.delegate(501, container, "bridge", "default-abc", "/proc/152/ns/net")
	h.delegate(502, 0, "bridge", "default-abc", "/proc/100/ns/net") // Podman's own: the id alone is not the start's
	if got, want := programs(p.release(52)), []string{"cni 500"}; !slices.Equal(got, want) {
		t.Errorf("programs %q, want %q", got, want)
	}
}

// TestScriptAsPlugin runs a plugin that is a script, which becomes another plugin: each has
// the name of its file, and the first ends when its process is the other.
func TestScriptAsPlugin(t *testing.T) {
	h := newHostile(t)
	env := []string{"CNI_COMMAND=ADD", "CNI_CONTAINERID=a"}
	h.do(event.Event{Kind: event.KindExec, PID: 1, File: "/opt/cni/bin/our-net", Args: []string{"/bin/sh", "/opt/cni/bin/our-net"}, Env: env})
	h.do(event.Event{Kind: event.KindFork, PID: 1, Child: 2})
	h.do(event.Event{Kind: event.KindExec, PID: 2, File: "/usr/bin/jq", Args: []string{"jq"}, Env: env})
	h.do(event.Event{Kind: event.KindExit, PID: 2})
	h.do(event.Event{Kind: event.KindExec, PID: 1, File: "/opt/cni/bin/bridge", Args: []string{"/opt/cni/bin/bridge"}, Env: env})
	h.do(event.Event{Kind: event.KindExit, PID: 1})
	h.now += int64(time.Second)
	h.start(10, "a", 0)
	s := h.tally.starts[0]
	var plugins []string
	for _, o := range s.Operations {
		if o.Name != start.OpCNI {
			continue
		}
		plugins = append(plugins, o.Attributes[start.AttrPlugin]+" "+o.Attributes[start.AttrExitCode])
		if o.Duration > time.Millisecond {
			t.Errorf("%s took %v", o.Attributes[start.AttrPlugin], o.Duration)
		}
	}
	if got := strings.Join(plugins, ","); got != "our-net ,bridge 0" {
		t.Errorf("plugins %q", got)
	}
}

// TestLeaderInContainersNetns lets the first thread of an engine enter a container's network
// namespace while another one forks the monitor: the runtime is in the host's all the same,
// and its init too until it enters the container's. The start does not own the host's.
func TestLeaderInContainersNetns(t *testing.T) {
	const conmon, crun, init = 30, 31, 32
	for _, byFork := range []bool{true, false} { // the event that shows it
		h := newHostile(t)
		p := podman{hostile: h, pid: 100, id: "a", mntNS: 11, netNS: 13}
		p.begin()
		p.makeNetns(p.netNS, p.netnsPath())
		p.enter(p.pid, p.netNS)
		ofFork := uint32(0)
		if byFork {
			ofFork = hostNetNS
		}
		p.do(event.Event{Kind: event.KindFork, PID: p.pid, TID: p.pid + 1, Child: p.pid + conmon, MntNS: p.mntNS, NetNS: ofFork})
		p.do(event.Event{Kind: event.KindExec, PID: p.pid + conmon, Args: []string{"conmon", "-c", p.id}, MntNS: p.mntNS, NetNS: hostNetNS})
		p.do(event.Event{Kind: event.KindFork, PID: p.pid + conmon, Child: p.pid + crun})
		p.do(event.Event{Kind: event.KindExec, PID: p.pid + crun, Args: []string{"crun", "create", p.id}, MntNS: p.mntNS, NetNS: hostNetNS})
		p.do(event.Event{Kind: event.KindBundle, PID: p.pid + crun, Bundle: &event.Bundle{Root: "/r", NetnsPath: p.netnsPath()}})
		p.do(event.Event{Kind: event.KindFork, PID: p.pid + crun, Child: p.pid + init, Flags: unix.CLONE_NEWNS,
			Namespaces: &event.Namespaces{Mnt: 5000, Net: hostNetNS}, MntNS: p.mntNS, NetNS: hostNetNS})
		p.enter(p.pid+init, hostNetNS) // as for another namespace
		p.enter(p.pid+init, p.netNS)
		for _, att := range h.Assembler.starts.byCreate {
			if own := att.origin.joins; own.Owns(att, join.Netns(hostNetNS)) || !own.Owns(att, join.Netns(p.netNS)) {
				t.Errorf("the start owns the host's network namespace, or not its own")
			}
		}
		if len(h.Assembler.starts.byCreate) != 1 {
			t.Errorf("%d starts in progress, want 1", len(h.Assembler.starts.byCreate))
		}
	}
}
