package bpf

import (
	"bytes"
	"os"
	"path"
	"strconv"
	"strings"

	"container_start_exporter/collector/event"
)

func decodeFork(e *event.Event, raw []byte) error {
	r, _, err := view[probesEventFork](raw)
	if err != nil {
		return err
	}
	e.Child, e.ChildStartTime, e.Parent = int(r.Child), int64(r.ChildStartTime), int(r.Parent)
	if r.Ns != (probesEventNamespaces{}) {
		e.Namespaces = namespaces(&r.Ns)
	}
	e.NetnsBegan, e.NetnsDuration = int64(r.Netns.Begin), int64(r.Netns.Duration)
	return nil
}

func decodeExec(e *event.Event, raw []byte) error {
	r, rest, err := view[probesEventExec](raw)
	if err != nil {
		return err
	}
	e.Truncated, e.Last = r.ArgsCut != 0 || r.EnvCut != 0, r.Last != 0
	if err := rest.text(int(r.FileLen), &e.File); err != nil {
		return err
	}
	args, err := rest.next(int(r.ArgsLen))
	if err != nil {
		return err
	}
	env, err := rest.next(int(r.EnvLen))
	if err != nil {
		return err
	}
	if r.ArgsCut != 0 { // what is left of the last one could be taken for another
		args = args[:bytes.LastIndexByte(args, 0)+1]
	}
	e.Args = splitNUL(args)
	e.Env = identifyingVariables(env)
	e.Exe = exeOf(e, r.Exe[:])
	return nil
}

// exeOf returns the name of the executed file, empty if that is the last component of the path.
func exeOf(e *event.Event, name []int8) string {
	exe, base := fixedText(name), path.Base(e.File)
	if exe == base || len(exe) == len(name)-1 && strings.HasPrefix(base, exe) {
		return ""
	}
	return exe
}

// splitNUL splits b at NULs. A NUL at the end is not a separator.
func splitNUL(b []byte) []string {
	if len(b) == 0 {
		return nil
	}
	b = bytes.TrimSuffix(b, []byte{0})
	list := make([]string, 0, bytes.Count(b, []byte{0})+1)
	for {
		one, more, found := bytes.Cut(b, []byte{0})
		list = append(list, text(one))
		if !found {
			return list
		}
		b = more
	}
}

func decodeExit(e *event.Event, raw []byte) error {
	r, _, err := view[probesEventExit](raw)
	if err != nil {
		return err
	}
	e.Status, e.OOM = int(r.Status), r.Oom != 0
	return nil
}

func decodeRename(e *event.Event, raw []byte) error {
	r, _, err := view[probesEventRename](raw)
	if err != nil {
		return err
	}
	e.Name = fixed(&r.Name)
	return nil
}

// decodeRunning returns the events of what the task iterator wrote, and errShort
// if its end is missing. File and Args come from /proc, and are absent if the
// process has exited.
func decodeRunning(raw []byte) ([]*event.Event, error) {
	var list []*event.Event
	for len(raw) > 0 {
		r, rest, err := view[probesEventProcess](raw)
		if err != nil {
			return list, err
		}
		raw = rest
		e := &event.Event{
			Time:       int64(r.Time),
			Kind:       event.KindProcess,
			PID:        int(r.Pid),
			StartTime:  int64(r.StartTime),
			Comm:       fixed(&r.Comm),
			MntNS:      r.Ns.Mnt,
			NetNS:      r.Ns.Net,
			Nested:     r.Origin,
			Parent:     int(r.Parent),
			Namespaces: namespaces(&r.Ns),
		}
		proc := "/proc/" + strconv.Itoa(e.PID)
		if exe, err := os.Readlink(proc + "/exe"); err == nil {
			e.File = strings.ToValidUTF8(exe, "\uFFFD")
		}
		if args, err := os.ReadFile(proc + "/cmdline"); err == nil {
			e.Args = splitNUL(args)
		}
		list = append(list, e)
	}
	return list, nil
}
