package collector

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
)

// addresses are some that network programs may name.
var addresses = func() (list []string) {
	for i := range 4096 {
		list = append(list, fmt.Sprintf("10.20.%d.%d", i>>8, i&255))
	}
	return list
}()

// waitForAddresses executes a file named iptables with as many addresses as fit in the
// arguments.
func (w *weather) waitForAddresses() {
	args := append(make([]string, 0, 1400), "iptables")
	for i := range 16384 / len("10.20.30.40 ") {
		args = append(args, addresses[(w.turn+i)%len(addresses)])
	}
	w.exec(w.newPID(), args...)
}

// waitForIDs mounts on a path of ids.
func (w *weather) waitForIDs() {
	var path strings.Builder
	for range 63 {
		path.WriteString("/" + w.id())
	}
	w.do(event.Event{Kind: event.KindMount, PID: 1, Target: path.String(), MntNS: 1})
}

// waitForPath mounts on a path that is not the shortest one for what it names.
func (w *weather) waitForPath() {
	w.do(event.Event{Kind: event.KindMount, PID: 1, Target: "/" + w.text(4095), RealTarget: "/" + w.text(4095), Source: w.text(4095), MntNS: 1})
}

// nestedPrograms executes network programs below one that waits for its start.
func (w *weather) nestedPrograms() {
	if w.turn == 0 {
		w.exec(1, "iptables", "-d", "10.1.1.1")
	}
	w.do(event.Event{Kind: event.KindFork, PID: 1, Child: w.newPID()})
	w.exec(w.newPID(), "iptables", "-A", w.text(4095), "-d", "10.1.1.1")
	w.do(event.Event{Kind: event.KindExit, PID: w.newPID()})
}

// pin lets a mount wait: what is resolved behind it stays in the queue.
func (w *weather) pin() {
	if w.turn == 0 {
		w.do(event.Event{Kind: event.KindMount, PID: 1, Target: "/pin", MntNS: 1})
	}
}

// undoneMount mounts and unmounts on one path.
func (w *weather) undoneMount() {
	w.pin()
	w.do(event.Event{Kind: event.KindMount, PID: 1, Target: "/a", MntNS: 1})
	w.do(event.Event{Kind: event.KindUmount, PID: 1, Target: "/a", MntNS: 1})
}

// unmountOfOthers unmounts a path for which network programs wait.
func (w *weather) unmountOfOthers() {
	w.do(event.Event{Kind: event.KindExec, PID: w.newPID(), Args: []string{"netavark", "setup", "/a"}, MntNS: 1})
	w.do(event.Event{Kind: event.KindUmount, PID: 1, Target: "/a", MntNS: 1})
}

// claimedAgain begins start after start with the id that something has waited for.
func (w *weather) claimedAgain() {
	w.pin()
	id := strings.Repeat("a", 64)
	w.do(event.Event{Kind: event.KindMount, PID: 1, Target: "/" + id, MntNS: 1})
	w.exec(w.newPID(), "crun", "run", id)
	w.do(event.Event{Kind: event.KindExit, PID: w.newPID(), Status: 1 << 8})
}

// namespaceUsedAgain begins starts in a namespace whose inode number something older
// waits for.
func (w *weather) namespaceUsedAgain() {
	w.do(event.Event{Kind: event.KindExec, PID: 1, Args: []string{"dockerd"}, MntNS: 1})
	w.do(event.Event{Kind: event.KindNetlink, PID: 1, Message: "RTM_NEWLINK", LinkNS: 77, Name: "eth0"})
	w.exec(w.newPID(), "crun", "run", w.id())
	w.do(event.Event{Kind: event.KindFork, PID: w.newPID(), Child: w.newPID() + 1, Duration: 500, Flags: unix.CLONE_NEWNET, Namespaces: &event.Namespaces{Net: 77}})
	w.do(event.Event{Kind: event.KindExit, PID: w.newPID() + 1, Status: 9})
	w.do(event.Event{Kind: event.KindExit, PID: w.newPID(), Status: 9})
}

// refusedRequest asks for a veth, beside as many links as are kept.
func (w *weather) refusedRequest() {
	if w.turn == 0 {
		w.exec(1, "runc", "create", w.id())
	}
	w.do(event.Event{Kind: event.KindNetlink, PID: 1, Message: "RTM_SETLINK", Index: w.turn + 1, TargetNS: 5, LinkNS: 4})
	w.do(event.Event{Kind: event.KindNetlink, PID: 1, Message: "RTM_NEWLINK", LinkType: "veth", LinkNS: 4, Name: fmt.Sprint("v", w.turn), PeerName: "p"})
}

// veth makes veths, which nobody deletes.
func (w *weather) veth() {
	w.do(event.Event{Kind: event.KindVethNewlink, PID: 1, LinkNS: 4, Index: 2*w.turn + 1, PeerIndex: 2*w.turn + 2, TargetNS: uint32(w.turn), Name: fmt.Sprint("v", w.turn), PeerName: "eth0"})
	w.do(event.Event{Kind: event.KindLink, Message: "RTM_NEWLINK", LinkType: "veth", LinkNS: 4, Index: 2*w.turn + 1, Name: fmt.Sprint("v", w.turn)})
}
