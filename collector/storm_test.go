package collector

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

// storm is what hostile processes do again and again, with texts as long as the BPF
// programs copy them: 4 KiB of a path, 16 KiB of arguments.
type storm struct {
	name string
	do   func(*weather)
}

var storms = []storm{
	{"anything by few processes", func(w *weather) { w.anything(12) }},
	{"anything by many processes", func(w *weather) { w.anything(1 << 20) }},
	{"starts with mounts that do not end", (*weather).startWithMounts},
	{"starts with mounts that do not listen", (*weather).startThatEnds},
	{"starts with mounts of an engine", (*weather).startWithEngineMounts},
	{"starts with bundles", (*weather).startWithBundle},
	{"starts with interfaces", (*weather).startWithInterfaces},
	{"starts with network programs", (*weather).startWithPrograms},
	{"shims with long ids", (*weather).shim},
	{"commands with long options", (*weather).command},
	{"failing commands", (*weather).failingCommand},
	{"forks", (*weather).fork},
	{"programs with many addresses that wait", (*weather).waitForAddresses},
	{"mounts with many ids that wait", (*weather).waitForIDs},
	{"mounts with long paths that wait", (*weather).waitForPath},
	{"programs below one that waits", (*weather).nestedPrograms},
	{"mounts that are undone", (*weather).undoneMount},
	{"unmounts of a path that others wait for", (*weather).unmountOfOthers},
	{"starts with an id that was waited for", (*weather).claimedAgain},
	{"starts with a namespace that is used again", (*weather).namespaceUsedAgain},
	{"requests that are refused", (*weather).refusedRequest},
	{"veths", (*weather).veth},
	{"losses", (*weather).loss},
}

// text returns a text of a length that shares no memory with another.
func (w *weather) text(length int) string {
	unique := fmt.Sprintf("/%d/", w.random.Uint32())
	return unique + manyX[:max(length-len(unique), 0)]
}

var manyX = strings.Repeat("x", 16<<10)

// id returns an id as engines make them.
func (w *weather) id() string {
	return fmt.Sprintf("%016x%048x", w.random.Uint64(), w.turn)
}

// newPID returns the first of the pids of a turn.
func (w *weather) newPID() int { return 100 + 8*w.turn }

func (w *weather) exec(pid int, args ...string) {
	w.do(event.Event{Kind: event.KindExec, PID: pid, File: "/tmp/" + args[0], Args: args, MntNS: 1, NetNS: 2})
}

// anything does anything, with long texts, by so many processes.
func (w *weather) anything(pids int) {
	e := anyEvent(w.random, w.now)
	e.PID = w.random.IntN(pids)
	e.Child = w.random.IntN(pids)
	for _, s := range []*string{&e.Source, &e.Data, &e.FSType, &e.Path} {
		if w.random.IntN(8) == 0 {
			*s = w.text(4095)
		}
	}
	w.do(*e)
}

// start executes a runtime whose init has a mount namespace of its own, in every
// thousandth turn, and returns the init's pid.
func (w *weather) start() (init int, isNew bool) {
	turn := w.turn % 1000
	init = 101 + 8*(w.turn-turn)
	if turn != 0 {
		return init, false
	}
	w.exec(init-1, "crun", "run", w.id())
	w.do(event.Event{Kind: event.KindFork, PID: init - 1, Child: init, Flags: unix.CLONE_NEWNS, Namespaces: &event.Namespaces{Mnt: uint32(init)}})
	return init, true
}

func (w *weather) startWithMounts() {
	init, _ := w.start()
	w.do(event.Event{Kind: event.KindMount, PID: init, Source: w.text(500), Target: w.text(500), FSType: w.text(500), Ret: -2})
}

func (w *weather) startThatEnds() {
	init, _ := w.start()
	w.do(event.Event{Kind: event.KindMount, PID: init, Source: w.text(500), Target: w.text(500), FSType: w.text(500), Ret: -2})
	if w.turn%1000 == 999 {
		w.exec(init, "/bin/true")
	}
}

// startWithEngineMounts mounts below a path with the id of the start.
func (w *weather) startWithEngineMounts() {
	id := fmt.Sprintf("%064x", w.turn/250)
	if w.turn%250 == 0 {
		w.exec(w.newPID(), "crun", "run", id)
	}
	w.do(event.Event{Kind: event.KindMount, PID: 1, Source: w.text(4095), Target: "/" + id + w.text(4000), FSType: w.text(4095), Data: w.text(4095)})
}

// startWithBundle has a bundle as large as one that is read.
func (w *weather) startWithBundle() {
	b := &event.Bundle{Root: w.text(4095), NetnsPath: w.text(4095), CgroupsPath: w.text(4095)}
	for range 4 {
		b.Hooks = append(b.Hooks, event.Hook{Kind: "prestart", Path: w.text(4095)})
	}
	w.exec(w.newPID(), "crun", "run", w.id())
	w.do(event.Event{Kind: event.KindBundle, PID: w.newPID(), Path: w.text(4095), Bundle: b})
}

// startWithInterfaces moves interfaces, of which each is a key of the start.
func (w *weather) startWithInterfaces() {
	init, _ := w.start()
	w.do(event.Event{Kind: event.KindNetlink, PID: init, Message: "RTM_SETLINK", LinkNS: 3, TargetNS: uint32(w.turn), Index: w.turn, Name: fmt.Sprint("veth", w.turn)})
	w.do(event.Event{Kind: event.KindNetlink, PID: init, Message: "RTM_NEWLINK", LinkType: "veth", LinkNS: 3, Name: fmt.Sprint("v", w.turn), PeerName: fmt.Sprint("p", w.turn)})
}

// startWithPrograms executes network programs with long names, in turn.
func (w *weather) startWithPrograms() {
	init, _ := w.start()
	w.do(event.Event{Kind: event.KindExec, PID: init - 1, File: "/cni/" + w.text(4000), Args: []string{"iptables", "-A", w.text(4095), "--dport", w.text(4095)}})
	w.do(event.Event{Kind: event.KindExec, PID: init - 1, File: "/cni/" + w.text(4000), Args: []string{strings.ReplaceAll(w.text(4095), "/", "x")}, Env: []string{"CNI_COMMAND=ADD", "CNI_CONTAINERID=" + w.text(4095)}})
}

// shim leaves a shim of an id as long as an id may be, and a monitor of one that is longer.
func (w *weather) shim() {
	w.exec(w.newPID(), "containerd-shim-runc-v2", "-namespace", w.text(4095), "-id", w.text(maxID), "start")
	w.exec(w.newPID()+1, "conmon", "-c", w.text(8000), "-n", w.text(4095))
}

// command leaves a command of a runtime, with as many arguments as are read.
func (w *weather) command() {
	w.exec(w.newPID(), "runc", "--root", w.text(8000), "--log", w.text(4000), "state", w.text(1000))
}

func (w *weather) failingCommand() {
	w.exec(w.newPID(), "runc", "--root", w.text(4095), "create", w.id())
	w.do(event.Event{Kind: event.KindExit, PID: w.newPID(), Status: 1 << 8})
}

func (w *weather) fork() {
	if w.turn == 0 {
		w.exec(1, "runc", "create", w.id())
	}
	w.do(event.Event{Kind: event.KindFork, PID: 1, Child: w.newPID(), ChildStartTime: 1, Namespaces: &event.Namespaces{Net: 2}})
}

func (w *weather) loss() {
	w.exec(w.newPID(), "containerd-shim-runc-v2", "-id", w.id(), "start")
	w.do(event.Event{Kind: event.KindLost, Lost: 1, What: w.text(4095), Cause: w.text(4095), Since: w.now - 1000})
}
