package collector

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

// failingMounts fails at mounts and chroots of long paths, as a forged init and beside it.
func (x *attacker) failingMounts() {
	pid := x.newPID()
	x.exec(pid, "crun", "run", x.word())
	init := x.newPID()
	x.do(event.Event{Kind: event.KindFork, PID: pid, Child: init, ChildStartTime: x.born, Flags: unix.CLONE_NEWNS, Namespaces: &event.Namespaces{Mnt: x.newInode()}})
	kinds := []event.Kind{event.KindMount, event.KindChroot, event.KindMoveMount, event.KindUmount, event.KindPivotRoot, event.KindFsconfig}
	for i := range 6000 {
		by := []int{init, pid, attackerPIDs}[i%3]
		x.do(event.Event{Kind: kinds[i%len(kinds)], PID: by, Source: longPath, Target: longPath, FSType: longPath, Data: longPath, Ret: -int64(unix.ENAMETOOLONG)})
	}
}

// mountsOfOthers mounts and unmounts on the paths of others, in the attacker's own mount
// namespace, below their ids, and what the host has under a pid of the same number.
func (x *attacker) mountsOfOthers() {
	pid := x.newPID()
	x.exec(pid, "containerd-like")
	paths := append([]string{}, x.mounts...)
	paths = append(paths, x.netns...)
	for _, id := range x.ids {
		paths = append(paths, "/var/lib/"+id, "/var/lib/"+id+"/rootfs")
	}
	for i := range 20 * len(paths) {
		target := paths[i%len(paths)]
		e := event.Event{Kind: event.KindMount, PID: pid, Source: "overlay", Target: target, FSType: "overlay", Data: "lowerdir=/a:/b:/c"}
		switch i % 3 {
		case 1:
			e.Source = fmt.Sprintf("/proc/%d/ns/net", x.pids[i%len(x.pids)])
		case 2:
			e.SourceNS = x.newInode()
		}
		x.do(e)
		if i%2 == 0 {
			x.do(event.Event{Kind: event.KindUmount, PID: pid, Target: target})
		}
	}
}

// mountsThatWait makes more mounts that wait for a start than there is room for.
func (x *attacker) mountsThatWait() {
	pid := x.newPID()
	x.exec(pid, "containerd-like")
	for i := range maxWaiting + 1000 {
		x.do(event.Event{Kind: event.KindMount, PID: pid, Source: "overlay", Target: fmt.Sprintf("/m/%d", i)})
	}
	for i := range 2000 {
		x.do(event.Event{Kind: event.KindMount, PID: pid, Source: "overlay", Target: fmt.Sprintf("/m/%d%s", i, longPath), Data: longPath})
	}
}

// refusedRequests asks for interfaces named as those of others and is refused, with and
// without an error that the exporter sees.
func (x *attacker) refusedRequests() {
	pid := x.newPID()
	x.exec(pid, "runc", "create", x.word())
	for i := range 8000 {
		name := "veth" + x.word()[:8]
		if i%2 == 0 && len(x.interfaces) > 0 {
			name = x.interfaces[i%len(x.interfaces)]
		}
		ret := []int64{0, -int64(unix.EPERM)}[i/2%2]
		x.do(event.Event{Kind: event.KindNetlink, PID: pid, Message: "RTM_NEWLINK", LinkType: "veth", LinkNS: attackerNetNS, Name: name, PeerName: "eth0", Ret: ret})
	}
}

// interfacesOfOthers makes interfaces with the names, the indices and the addresses of
// those of others, in the attacker's own network namespaces.
func (x *attacker) interfacesOfOthers() {
	pid := x.newPID()
	x.exec(pid, "runc", "create", x.word())
	names := append([]string{"eth0", "docker0"}, x.interfaces...)
	for i := range 10 * len(names) {
		for _, by := range []int{pid, x.newPID()} {
			name, inner := names[i%len(names)], x.newInode()
			index := i%300 + 1
			x.do(event.Event{Kind: event.KindVethNewlink, PID: by, LinkNS: attackerNetNS, Index: index, Name: name, TargetNS: inner, PeerIndex: index, PeerName: "eth0", LinkType: "veth"})
			x.do(event.Event{Kind: event.KindNetlink, PID: by, Message: "RTM_NEWLINK", LinkType: "veth", LinkNS: attackerNetNS, Name: name, PeerName: "eth0", TargetNS: inner})
			x.do(event.Event{Kind: event.KindNetlink, PID: by, Message: "RTM_SETLINK", LinkNS: attackerNetNS, Index: index, TargetNS: inner})
			for _, address := range x.addresses {
				x.do(event.Event{Kind: event.KindNetlink, PID: by, Message: "RTM_NEWADDR", LinkNS: attackerNetNS, Index: index, Address: address})
			}
			x.do(event.Event{Kind: event.KindVethDellink, PID: by, LinkNS: attackerNetNS, Index: index, Name: name, TargetNS: inner, PeerIndex: index, PeerName: "eth0"})
		}
	}
}

// networkPrograms runs files named like network programs with the ids, the paths, the
// addresses and the ports of others.
func (x *attacker) networkPrograms() {
	for i := range 100 * len(x.ids) {
		env := []string{"CNI_COMMAND=ADD", "CNI_CONTAINERID=" + x.ids[i%len(x.ids)], "TRACEPARENT=" + x.traces[0]}
		if len(x.netns) > 0 {
			env = append(env, "CNI_NETNS="+x.netns[i%len(x.netns)])
		}
		pid := x.newPID()
		x.do(event.Event{Kind: event.KindExec, PID: pid, File: "/opt/cni/bin/bridge", Args: []string{"bridge"}, Env: env})
		x.exec(x.fork(pid), "iptables", "-A", "DOCKER", "-d", "10.0.0.1")
		x.exit(pid, 0)
	}
	for i := range 100 * len(x.addresses) {
		address, _, _ := strings.Cut(x.addresses[i%len(x.addresses)], "/")
		x.exec(x.newPID(), "iptables", "-A", "DOCKER", "-d", address, "-p", "tcp", "--dport", "80")
		x.exec(x.newPID(), "docker-proxy", "-proto", "tcp", "-host-ip", "0.0.0.0", "-host-port", fmt.Sprint(8000+i%1000), "-container-ip", address)
	}
	for i := range 100 * len(x.netns) {
		path := x.netns[i%len(x.netns)]
		x.exec(x.newPID(), "netavark", "setup", path)
		x.exec(x.newPID(), "pasta", "--netns", path)
	}
	for i := range 20 * len(x.pids) {
		number := fmt.Sprint(x.pids[i%len(x.pids)])
		x.exec(x.newPID(), "slirp4netns", "-r", "3", number, "tap0")
		pid := x.newPID()
		x.do(event.Event{Kind: event.KindExec, PID: pid, File: "/opt/cni/bin/ptp", Args: []string{"ptp"},
			Env: []string{"CNI_COMMAND=ADD", "CNI_CONTAINERID=" + x.word(), "CNI_NETNS=/proc/" + number + "/ns/net"}})
		x.do(event.Event{Kind: event.KindSetns, PID: pid, Flags: unix.CLONE_NEWNET, Namespaces: &event.Namespaces{Net: x.newInode()}})
	}
}

// cgroupsOfOthers makes cgroups with the paths of others, which are below the attacker's own, and
// moves its own processes there.
func (x *attacker) cgroupsOfOthers() {
	pid := x.newPID()
	x.exec(pid, "runc", "create", x.word())
	for i := range 100 * len(x.cgroups) {
		path := x.cgroups[i%len(x.cgroups)]
		x.do(event.Event{Kind: event.KindCgroupMkdir, PID: pid, Path: path})
		x.do(event.Event{Kind: event.KindCgroupAttach, PID: pid, Path: path, Child: pid, ChildStartTime: x.born})
		x.do(event.Event{Kind: event.KindCgroupRmdir, PID: pid, Path: path})
	}
}

// hugeBundles has bundles with long lists, which name the rootfs of others.
func (x *attacker) hugeBundles() {
	hooks := make([]event.Hook, 5000)
	for i := range hooks {
		hooks[i] = event.Hook{Kind: "prestart", Path: longPath}
	}
	for i := range 20 * len(x.ids) {
		pid := x.newPID()
		b := &event.Bundle{Hooks: hooks, CgroupsPath: "/docker/" + x.ids[i%len(x.ids)], Security: &event.Security{Capabilities: make([]string, 5000)}}
		if len(x.mounts) > 0 {
			b.Root = x.mounts[i%len(x.mounts)]
		}
		if len(x.netns) > 0 {
			b.NetnsPath = x.netns[i%len(x.netns)]
		}
		x.exec(pid, "runc", "create", x.ids[i%len(x.ids)])
		x.do(event.Event{Kind: event.KindBundle, PID: pid, Path: "/b", Bundle: b})
		x.exec(x.fork(pid), "/hook")
	}
}

// listens listens in the mount namespaces of forged containers.
func (x *attacker) listens() {
	for range 1000 {
		pid, ns := x.newPID(), x.newInode()
		x.exec(pid, "crun", "run", x.word())
		init := x.newPID()
		x.do(event.Event{Kind: event.KindFork, PID: pid, Child: init, ChildStartTime: x.born, Flags: unix.CLONE_NEWNS, Namespaces: &event.Namespaces{Mnt: ns}})
		x.exec(init, "/bin/true")
		x.do(event.Event{Kind: event.KindListen, PID: init, MntNS: ns})
		x.do(event.Event{Kind: event.KindListen, PID: pid})
	}
}
