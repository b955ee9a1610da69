package collector

import (
	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

// shim returns the command line of a shim for an id, of any engine.
func (x *attacker) shim(id string) []string {
	switch x.random.IntN(5) {
	case 0:
		return []string{"conmon", "-c", id, "-n", "kube-apiserver", "--exit-dir", "/run/libpod/exits"}
	case 1:
		return []string{"conmon", "-c", id, "-n", "kube-apiserver", "--exit-dir", "/run/crio/exits"}
	}
	namespaces := []string{"moby", "k8s.io", "default"}
	return []string{"containerd-shim-runc-v2", "-namespace", namespaces[x.random.IntN(3)], "-id", id, "start"}
}

func (x *attacker) shimsThatExit() {
	for range maxAttempts + 1000 {
		pid := x.newPID()
		x.exec(pid, x.shim(x.word())...)
		x.exit(pid, 0)
	}
}

func (x *attacker) shimsThatStay() {
	for range maxAttempts + 1000 {
		x.exec(x.newPID(), x.shim(x.word())...)
	}
}

// shimsOfOthers claims the ids of others: with shims that stay or exit, and with a runtime below them.
func (x *attacker) shimsOfOthers() {
	for i := range 200 * len(x.ids) {
		pid, id := x.newPID(), x.ids[i%len(x.ids)]
		x.exec(pid, x.shim(id)...)
		switch i % 4 {
		case 0:
			x.exit(pid, 0)
		case 1:
			x.exit(pid, 1<<8)
		case 2:
			x.start(x.fork(pid), id)
		}
	}
}

// start runs a forged runtime, whose forged init executes an entrypoint.
func (x *attacker) start(pid int, id string) {
	root := "/run/runc"
	if len(x.roots) > 0 {
		root = x.roots[x.random.IntN(len(x.roots))]
	}
	x.do(event.Event{Kind: event.KindExec, PID: pid, File: "/tmp/runc", Args: []string{"runc", "--root", root, "create", "--bundle", "/b", id},
		Env: []string{"CNI_COMMAND=ADD", "CNI_CONTAINERID=" + id, "TRACEPARENT=" + x.traces[x.random.IntN(len(x.traces))]}})
	init := x.fork(pid)
	x.do(event.Event{Kind: event.KindRename, PID: init, Name: "runc:[0:PARENT]"})
	x.do(event.Event{Kind: event.KindRename, PID: init, Name: "runc:[2:INIT]"})
	switch x.random.IntN(3) {
	case 0:
		x.exec(init, "/bin/true")
	case 1:
		x.exit(init, 9)
	}
	if x.random.IntN(2) == 0 {
		x.exit(pid, x.random.IntN(2)<<8)
	}
}

// commandsOfOthers runs a runtime's commands for the containers of others.
func (x *attacker) commandsOfOthers() {
	for i := range 200 * len(x.ids) {
		pid, id := x.newPID(), x.ids[i%len(x.ids)]
		args := []string{"runc"}
		if len(x.roots) > 0 {
			args = append(args, "--root", x.roots[i%len(x.roots)])
		}
		names := []string{"create", "run", "start", "kill", "delete", "exec", "state"}
		x.exec(pid, append(args, names[x.random.IntN(len(names))], id)...)
		if i%2 == 0 {
			x.exit(pid, i%3)
		}
	}
}

func (x *attacker) forgedStarts() {
	for range 2000 {
		pid := x.newPID()
		x.exec(pid, x.shim(x.word())...)
		x.start(x.fork(pid), x.word())
		x.exit(pid, 0)
	}
}

// renames gives processes the names of inits, below any command.
func (x *attacker) renames() {
	for i := range 1000 {
		pid := x.newPID()
		x.exec(pid, "runc", []string{"create", "run", "init", "start", "frobnicate"}[i%5], x.ids[i%len(x.ids)])
		for _, name := range []string{"runc:[0:PARENT]", "runc:[2:INIT]", "youki:[2:INIT]", ""} {
			x.do(event.Event{Kind: event.KindRename, PID: x.fork(pid), Name: name})
			x.do(event.Event{Kind: event.KindRename, PID: pid, Name: name})
		}
		x.exec(pid, "/bin/true")
	}
}

// forks lets more children of a file named runc sleep than there is room for.
func (x *attacker) forks() {
	pid := x.newPID()
	x.exec(pid, "runc", "create", x.word())
	for range maxProcesses + 1000 {
		x.fork(pid)
	}
}

func (x *attacker) namespaces() {
	pid := x.newPID()
	x.exec(pid, "runc", "create", x.word())
	for range 3000 {
		flags := uint64(unix.CLONE_NEWNET | unix.CLONE_NEWNS)
		x.do(event.Event{Kind: event.KindUnshare, PID: pid, Flags: flags, Namespaces: &event.Namespaces{Net: x.newInode(), Mnt: attackerMntNS}})
		x.do(event.Event{Kind: event.KindSetns, PID: pid, Namespaces: &event.Namespaces{Net: attackerNetNS, Mnt: attackerMntNS}})
		x.do(event.Event{Kind: event.KindUnshare, PID: x.newPID(), Flags: flags, Namespaces: &event.Namespaces{Net: x.newInode()}})
	}
}

func (x *attacker) clocks() {
	for range 1000 {
		x.do(event.Event{Kind: event.KindClock})
	}
}

// losses fills the attacker's own share of the buffers.
func (x *attacker) losses() {
	pid := x.newPID()
	x.exec(pid, x.shim(x.word())...)
	for _, kind := range []string{"fork", "exec", "mount", "netlink", ""} {
		x.do(event.Event{Kind: event.KindLost, Lost: 1000, Cause: "buffer_full", What: kind, Since: x.born})
	}
}

// snapshot shows processes of the attacker that ran when the probes were attached.
func (x *attacker) snapshot() {
	for i := range 10 * len(x.ids) {
		pid, id := x.newPID(), x.ids[i%len(x.ids)]
		for _, args := range [][]string{x.shim(id), {"runc", "create", id}, {"runc", "init"}} {
			x.do(event.Event{Kind: event.KindProcess, PID: x.newPID(), Parent: pid, Args: args, Namespaces: &event.Namespaces{Mnt: attackerMntNS, Net: attackerNetNS}})
		}
	}
}
