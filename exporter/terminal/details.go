package terminal

import (
	"cmp"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/exporter/view"
)

// details describes what an event was about, much as strace would.
func details(e *event.Event, ascii bool) string {
	w := &detailWriter{ascii: ascii}
	if describe, ok := contents[e.Kind]; ok {
		describe(w, e)
	}
	w.result(e)
	return w.b.String()
}

// contents has one function for each kind of event but clock, which has no row.
var contents = map[event.Kind]func(*detailWriter, *event.Event){
	event.KindFork:         (*detailWriter).fork,
	event.KindExec:         (*detailWriter).exec,
	event.KindExit:         (*detailWriter).exit,
	event.KindRename:       func(w *detailWriter, e *event.Event) { w.word(e.Name) },
	event.KindUnshare:      (*detailWriter).unshare,
	event.KindSetns:        (*detailWriter).unshare,
	event.KindMount:        (*detailWriter).mount,
	event.KindUmount:       (*detailWriter).mount,
	event.KindPivotRoot:    (*detailWriter).mount,
	event.KindChroot:       (*detailWriter).mount,
	event.KindOpenTree:     (*detailWriter).mount,
	event.KindMoveMount:    (*detailWriter).mount,
	event.KindFsopen:       (*detailWriter).mount,
	event.KindFsconfig:     func(w *detailWriter, e *event.Event) { w.named(e.Name, e.Data) },
	event.KindFsmount:      (*detailWriter).mount,
	event.KindMountSetattr: (*detailWriter).mount,
	event.KindCgroupMkdir:  (*detailWriter).cgroup,
	event.KindCgroupAttach: (*detailWriter).cgroup,
	event.KindCgroupRmdir:  (*detailWriter).cgroup,
	event.KindNetlink:      (*detailWriter).link,
	event.KindLink:         (*detailWriter).link,
	event.KindVethNewlink:  (*detailWriter).veth,
	event.KindVethDellink:  (*detailWriter).veth,
	event.KindListen:       func(*detailWriter, *event.Event) {}, // says all by itself
	event.KindLost:         (*detailWriter).lost,
	event.KindProcess:      (*detailWriter).process,
	event.KindBundle:       (*detailWriter).bundle,
	event.KindGone:         func(*detailWriter, *event.Event) {}, // says all by itself
}

func (w *detailWriter) fork(e *event.Event) {
	w.number("child", e.Child).number("parent", e.Parent)
	w.raw(flagNames(cloneFlags, e.Flags&^0xff)).namespaces(e.Namespaces, e.Flags)
}

// exec writes the arguments, with the executed path in place of the first. If
// the path has another base name (/proc/self/exe), it goes in brackets before
// all arguments.
func (w *detailWriter) exec(e *event.Event) {
	args := e.Args
	switch {
	case len(args) == 0:
		w.word(e.File)
	case e.File == "":
	case path.Base(e.File) == path.Base(args[0]):
		w.word(e.File)
		args = args[1:]
	default:
		w.raw("[" + view.Escape(e.File, maxWord, w.ascii) + "]")
	}
	for _, a := range args {
		if w.b.Len() > maxDetails {
			break
		}
		w.word(a)
	}
	if e.Truncated {
		w.raw("...")
	}
	for _, v := range e.Env {
		name, value, _ := strings.Cut(v, "=")
		w.named("env "+view.Escape(name, maxWord, w.ascii), value)
	}
}

// exit decodes a wait status: the exit code, or the signal that killed the
// process.
func (w *detailWriter) exit(e *event.Event) {
	status := unix.WaitStatus(e.Status)
	if e.OOM {
		w.raw("killed by the OOM killer")
		return
	}
	if status.Signaled() {
		w.raw("killed by " + signalName(status.Signal()))
		return
	}
	w.raw("status " + strconv.Itoa(status.ExitStatus()))
}

func (w *detailWriter) unshare(e *event.Event) {
	w.raw(flagNames(cloneFlags, e.Flags)).namespaces(e.Namespaces, e.Flags)
}

// mount serves all calls of the mount APIs: they have the same fields.
func (w *detailWriter) mount(e *event.Event) {
	if e.Source != "" {
		w.word(e.Source)
	}
	if e.SourceNS != 0 {
		w.raw(fmt.Sprintf("[%d]", e.SourceNS))
	}
	if e.Source != "" && e.Target != "" {
		w.arrow()
	}
	if e.Target != "" {
		w.word(e.Target)
	}
	if e.RealTarget != "" && e.RealTarget != e.Target {
		w.raw("(" + view.Escape(e.RealTarget, maxWord, w.ascii) + ")")
	}
	w.named("type", e.FSType).raw(flagNames(mountFlagsOf(e.Kind), e.Flags)).named("data", e.Data)
}

func (w *detailWriter) cgroup(e *event.Event) {
	w.word(e.Path).raw("hierarchy="+strconv.Itoa(e.Hierarchy)).number("process", e.Child)
	if e.Made != 0 {
		w.raw("made=" + view.Short(time.Duration(e.Time-e.Made)) + " before")
	}
}

// link serves both requests to rtnetlink and its notifications.
func (w *detailWriter) link(e *event.Event) {
	w.word(e.Message).named("name", e.Name).number("index", e.Index).named("type", e.LinkType)
	w.named("peer", e.PeerName).number("peer_index", e.PeerIndex)
	w.number("netns", int(e.TargetNS)).named("address", e.Address)
	if e.Moved {
		w.raw("moved")
	}
}

// veth writes both ends of a pair, each with its network namespace, and how long
// the request waited before the creation of the pair began.
func (w *detailWriter) veth(e *event.Event) {
	w.end(e.Name, e.Index, e.LinkNS)
	if e.PeerIndex != 0 || e.PeerName != "" {
		w.raw("peer").end(e.PeerName, e.PeerIndex, e.TargetNS)
	}
	if e.Waited > 0 {
		w.raw("waited=" + view.Short(time.Duration(e.Waited)))
	}
}

func (w *detailWriter) end(name string, index int, netNS uint32) *detailWriter {
	if name != "" {
		w.word(name)
	}
	return w.number("index", index).number("netns", int(netNS))
}

func (w *detailWriter) lost(e *event.Event) {
	w.raw(strconv.FormatUint(e.Lost, 10)).word(cmp.Or(e.What, "unknown")).raw("events lost").named("cause", e.Cause)
	if e.Cause == "buffer_full" {
		w.raw("(a larger --buffer-size may help)")
	}
}

func (w *detailWriter) process(e *event.Event) {
	w.raw("already running:")
	w.exec(e)
	w.namespaces(e.Namespaces, 0)
}

func (w *detailWriter) bundle(e *event.Event) {
	w.word(e.Path)
	if e.Bundle == nil {
		return
	}
	w.named("root", e.Bundle.Root).named("cgroup", e.Bundle.CgroupsPath)
	for _, h := range e.Bundle.Hooks {
		w.named(view.Escape(h.Kind, maxWord, w.ascii), h.Path)
	}
}

// namespaces appends the known namespaces as /proc/PID/ns writes them: those
// that the flags name, or all if they name none.
func (w *detailWriter) namespaces(n *event.Namespaces, flags uint64) {
	if n == nil {
		return
	}
	all := []struct {
		flag  uint64
		kind  string
		inode uint32
	}{
		{unix.CLONE_NEWNS, "mnt", n.Mnt}, {unix.CLONE_NEWUTS, "uts", n.UTS}, {unix.CLONE_NEWIPC, "ipc", n.IPC},
		{unix.CLONE_NEWPID, "pid", n.PID}, {unix.CLONE_NEWNET, "net", n.Net}, {unix.CLONE_NEWCGROUP, "cgroup", n.Cgroup},
		{unix.CLONE_NEWUSER, "user", n.User}, {unix.CLONE_NEWTIME, "time", n.Time},
	}
	named := uint64(0)
	for _, ns := range all {
		named |= flags & ns.flag
	}
	for _, ns := range all {
		if ns.inode != 0 && (named == 0 || named&ns.flag != 0) {
			w.raw(fmt.Sprintf("%s:[%d]", ns.kind, ns.inode))
		}
	}
}

// result appends the error of a call that failed, and how long the call took if
// it was at least 1 µs.
func (w *detailWriter) result(e *event.Event) {
	if e.Ret < 0 {
		w.raw("= " + errnoName(e.Ret))
	}
	if e.Duration >= int64(time.Microsecond) {
		w.raw("<" + view.Short(time.Duration(e.Duration)) + ">")
	}
}
