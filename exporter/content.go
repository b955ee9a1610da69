package exporter

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector"
)

// maxWord bounds each word of a content, in columns.
const maxWord = 200

// phrase is a content being put together, escaped word by word.
type phrase struct {
	b     strings.Builder
	ascii bool
}

// raw appends words of our own.
func (p *phrase) raw(s string) *phrase {
	if s != "" {
		if p.b.Len() > 0 {
			p.b.WriteByte(' ')
		}
		p.b.WriteString(s)
	}
	return p
}

// word appends a word from a process on the host, in quotes where a shell
// would need them.
func (p *phrase) word(s string) *phrase { return p.raw(quoted(s, p.ascii)) }

// named appends name=word, if there is a word.
func (p *phrase) named(name, s string) *phrase {
	if s == "" {
		return p
	}
	return p.raw(name + "=" + quoted(s, p.ascii))
}

// number appends name=n, if n is known.
func (p *phrase) number(name string, n int) *phrase {
	if n == 0 {
		return p
	}
	return p.raw(name + "=" + strconv.Itoa(n))
}

// arrow points from a source to a target.
func (p *phrase) arrow() *phrase {
	if p.ascii {
		return p.raw("->")
	}
	return p.raw("→")
}

// quoted escapes a word and, where it has a character that separates or means
// something to a shell, puts it in quotes.
func quoted(s string, ascii bool) string {
	escaped := escape(s, maxWord, ascii)
	if s != "" && !strings.ContainsAny(s, " \t\n\"'\\$`&|;<>()*?#~") {
		return escaped
	}
	return `"` + strings.ReplaceAll(escaped, `"`, `\"`) + `"`
}

// content says what an event was about, much as strace would.
func content(e *collector.Event, ascii bool) string {
	p := &phrase{ascii: ascii}
	if describe, ok := contents[e.Kind]; ok {
		describe(p, e)
	}
	p.result(e)
	return p.b.String()
}

// contents has one function for each kind of event but clock, which has no row.
var contents = map[collector.Kind]func(*phrase, *collector.Event){
	collector.KindFork:         (*phrase).fork,
	collector.KindExec:         (*phrase).exec,
	collector.KindExit:         (*phrase).exit,
	collector.KindRename:       func(p *phrase, e *collector.Event) { p.word(e.Name) },
	collector.KindUnshare:      (*phrase).unshare,
	collector.KindSetns:        (*phrase).unshare,
	collector.KindMount:        (*phrase).mount,
	collector.KindUmount:       (*phrase).mount,
	collector.KindPivotRoot:    (*phrase).mount,
	collector.KindChroot:       (*phrase).mount,
	collector.KindOpenTree:     (*phrase).mount,
	collector.KindMoveMount:    (*phrase).mount,
	collector.KindFsopen:       (*phrase).mount,
	collector.KindFsconfig:     func(p *phrase, e *collector.Event) { p.named(e.Name, e.Data) },
	collector.KindFsmount:      (*phrase).mount,
	collector.KindMountSetattr: (*phrase).mount,
	collector.KindCgroupMkdir:  (*phrase).cgroup,
	collector.KindCgroupAttach: (*phrase).cgroup,
	collector.KindCgroupRmdir:  (*phrase).cgroup,
	collector.KindNetlink:      (*phrase).link,
	collector.KindLink:         (*phrase).link,
	collector.KindVethNewlink:  (*phrase).veth,
	collector.KindVethDellink:  (*phrase).veth,
	collector.KindListen:       func(*phrase, *collector.Event) {}, // says all by itself
	collector.KindLost:         (*phrase).lost,
	collector.KindProcess:      (*phrase).process,
	collector.KindBundle:       (*phrase).bundle,
}

func (p *phrase) fork(e *collector.Event) {
	p.number("child", e.Child).number("parent", e.Parent)
	p.raw(flagNames(cloneFlags, e.Flags&^0xff)).namespaces(e.Namespaces, e.Flags)
}

// exec writes the arguments, the first as the path that was executed; in
// brackets before them where that has another name (/proc/self/exe).
func (p *phrase) exec(e *collector.Event) {
	args := e.Args
	switch {
	case len(args) == 0:
		p.word(e.File)
	case e.File == "":
	case path.Base(e.File) == path.Base(args[0]):
		p.word(e.File)
		args = args[1:]
	default:
		p.raw("[" + escape(e.File, maxWord, p.ascii) + "]")
	}
	for _, a := range args {
		if p.b.Len() > maxContent {
			break
		}
		p.word(a)
	}
	if e.Truncated {
		p.raw("...")
	}
	for _, v := range e.Env {
		name, value, _ := strings.Cut(v, "=")
		p.named("env "+escape(name, maxWord, p.ascii), value)
	}
}

// exit decodes a wait status: a code, or the signal that killed it.
func (p *phrase) exit(e *collector.Event) {
	status := unix.WaitStatus(e.Status)
	if status.Signaled() {
		p.raw("killed by " + signalName(status.Signal()))
		return
	}
	p.raw("status " + strconv.Itoa(status.ExitStatus()))
}

func (p *phrase) unshare(e *collector.Event) {
	p.raw(flagNames(cloneFlags, e.Flags)).namespaces(e.Namespaces, e.Flags)
}

// mount serves all calls of the mount interfaces: they have the same fields.
func (p *phrase) mount(e *collector.Event) {
	if e.Source != "" {
		p.word(e.Source)
	}
	if e.SourceNS != 0 {
		p.raw(fmt.Sprintf("[%d]", e.SourceNS))
	}
	if e.Source != "" && e.Target != "" {
		p.arrow()
	}
	if e.Target != "" {
		p.word(e.Target)
	}
	if e.RealTarget != "" && e.RealTarget != e.Target {
		p.raw("(" + escape(e.RealTarget, maxWord, p.ascii) + ")")
	}
	p.named("type", e.FSType).raw(flagNames(mountFlagsOf(e.Kind), e.Flags)).named("data", e.Data)
}

func (p *phrase) cgroup(e *collector.Event) {
	p.word(e.Path).raw("hierarchy="+strconv.Itoa(e.Hierarchy)).number("process", e.Child)
}

// link serves the request and the notification of rtnetlink.
func (p *phrase) link(e *collector.Event) {
	p.word(e.Message).named("name", e.Name).number("index", e.Index).named("type", e.LinkType)
	p.named("peer", e.PeerName).number("peer_index", e.PeerIndex)
	p.number("netns", int(e.TargetNS)).named("address", e.Address)
	if e.Moved {
		p.raw("moved")
	}
}

// veth writes both ends of a pair, each with its network namespace and how long
// the request waited before the pair began to be made.
func (p *phrase) veth(e *collector.Event) {
	p.end(e.Name, e.Index, e.LinkNS)
	if e.PeerIndex != 0 || e.PeerName != "" {
		p.raw("peer").end(e.PeerName, e.PeerIndex, e.TargetNS)
	}
	if e.Waited > 0 {
		p.raw("waited=" + short(time.Duration(e.Waited)))
	}
}

func (p *phrase) end(name string, index int, netNS uint32) *phrase {
	if name != "" {
		p.word(name)
	}
	return p.number("index", index).number("netns", int(netNS))
}

func (p *phrase) lost(e *collector.Event) {
	p.raw(strconv.FormatUint(e.Lost, 10)).word(e.What).raw("events lost: a larger --buffer-size may help")
}

func (p *phrase) process(e *collector.Event) {
	p.raw("runs already:")
	p.exec(e)
	p.namespaces(e.Namespaces, 0)
}

func (p *phrase) bundle(e *collector.Event) {
	p.word(e.Path)
	if e.Bundle == nil {
		return
	}
	p.named("root", e.Bundle.Root).named("cgroup", e.Bundle.CgroupsPath)
	for _, h := range e.Bundle.Hooks {
		p.named(escape(h.Kind, maxWord, p.ascii), h.Path)
	}
}

// namespaces appends those that are known, as /proc/PID/ns writes them: those
// that the flags name, or all where they name none.
func (p *phrase) namespaces(n *collector.Namespaces, flags uint64) {
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
			p.raw(fmt.Sprintf("%s:[%d]", ns.kind, ns.inode))
		}
	}
}

// result appends what a call returned, if it failed, and how long it took.
func (p *phrase) result(e *collector.Event) {
	if e.Ret < 0 {
		p.raw("= " + errnoName(e.Ret))
	}
	if e.Duration >= int64(time.Microsecond) {
		p.raw("<" + short(time.Duration(e.Duration)) + ">")
	}
}
