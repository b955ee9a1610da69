package main

import "fmt"

// loop is one operation that a process repeats. prepare sets it up, in a mount
// namespace of its own and with an empty directory, and returns the step that
// is measured.
type loop struct {
	name    string
	steps   int // per batch: so few in the timed loops, but exec, that most batches see no interrupt
	share   int // about how many times a start by docker and runc on cgroup v1 does it
	prepare func(dir string) (step func() error, err error)
}

// timed are the loops whose duration is compared.
var timed = []loop{
	{name: "exec", steps: 20, prepare: prepareExec},
	{name: "remount", steps: 50, prepare: prepareRemount},
	{name: "unshare", steps: 100, prepare: prepareUnshare},
	{name: "listen", steps: 300, prepare: prepareListen},
	{name: "sendto", steps: 300, prepare: prepareSendto},
	{name: "getppid", steps: 1000, prepare: prepareGetppid},
}

// counted are the loops during which the kernel counts and times the programs'
// runs.
var counted = []loop{
	{"exec", 100, 25, prepareExec},
	{"failed exec", 100, 1, prepareFailedExec},
	{"rename", 500, 3, prepareRename},
	{"unshare", 500, 2, prepareUnshare},
	{"setns", 500, 9, prepareSetns},
	{"mount, umount", 200, 10, prepareMount},
	{"bind, umount", 200, 3, prepareBind},
	{"remount by fd", 500, 48, prepareRemountByDescriptor},
	{"new mount API", 100, 1, prepareNewMount},
	{"pivot_root", 100, 1, preparePivotRoot},
	{"cgroup", 20, 10, prepareCgroup},
	{"rtnetlink", 500, 16, prepareNetlink},
	{"veth", 10, 1, prepareVeth},
	{"listen", 500, 1, prepareListen},
}

// hostWide are the loops whose events are recorded for every process of the
// host: none is filtered.
var hostWide = map[string]bool{"unshare": true, "veth": true}

func find(name string) (loop, error) {
	for _, loops := range [][]loop{timed, counted} {
		for _, l := range loops {
			if l.name == name {
				return l, nil
			}
		}
	}
	return loop{}, fmt.Errorf("no loop %q", name)
}

func sequence(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
