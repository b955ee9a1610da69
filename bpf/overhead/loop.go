package main

import "fmt"

// loop is one thing that a process does again and again. prepare makes ready
// for it, in a mount namespace of its own and with an empty directory; the
// step that it returns is what is counted.
type loop struct {
	name    string
	steps   int // in a batch: so few of what is timed, but exec, that most batches have no interrupt in them
	share   int // how often a start by docker and runc on cgroup v1 does it, roughly
	prepare func(dir string) (step func() error, err error)
}

// timed are the loops whose time is compared.
var timed = []loop{
	{name: "exec", steps: 20, prepare: prepareExec},
	{name: "remount", steps: 50, prepare: prepareRemount},
	{name: "unshare", steps: 100, prepare: prepareUnshare},
	{name: "listen", steps: 300, prepare: prepareListen},
	{name: "sendto", steps: 300, prepare: prepareSendto},
	{name: "getppid", steps: 1000, prepare: prepareGetppid},
}

// driven are the loops during which the programs are timed by the kernel.
var driven = []loop{
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

// ofAnybody are the loops that are recorded whoever does them: nothing of them
// is filtered.
var ofAnybody = map[string]bool{"unshare": true, "veth": true}

func find(name string) (loop, error) {
	for _, loops := range [][]loop{timed, driven} {
		for _, l := range loops {
			if l.name == name {
				return l, nil
			}
		}
	}
	return loop{}, fmt.Errorf("no loop %q", name)
}

func inTurn(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
