package collector

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// TestCgroupOfContainer distinguishes the container's own cgroup from those that are made
// or entered on the way.
func TestCgroupOfContainer(t *testing.T) {
	for _, tt := range []struct {
		id, cgroupsPath, path string
		want                  bool
	}{
		{"db", "/dbteam/db", "/dbteam", false},
		{"db", "/dbteam/db", "/dbteam/db", true},
		{"db", "/dbteam/db", "/sys/dbteam/db/init", true},
		{"db", "", "/db", true},
		{"db", "", "/dbteam", false},
		{"db", "", "/libpod-db.scope", true},
		{"db", "", "/crun-db", true},
		{"db", "", "/system.slice/crun-db.scope/container", true},
		{"db", "", "/system.slice/crun-otherdb.scope/container", false},
		{"db", "", "/db/container", false},
		{"db", "system.slice:docker:db", "/system.slice/docker-db.scope", true},
		{"db", "system.slice:docker:db", "/a/system.slice:docker:db", true},
		{"db", "system.slice:docker:db", "/system.slice", false},
	} {
		att := &attempt{id: tt.id, bundle: &event.Bundle{CgroupsPath: tt.cgroupsPath}}
		if got := att.isCgroup(tt.path); got != tt.want {
			t.Errorf("%s with cgroupsPath %q: %s is its own: %t", tt.id, tt.cgroupsPath, tt.path, got)
		}
	}
}

// scope is the cgroup that systemd makes for the container db in these tests.
const scope = "/system.slice/runc-db.scope"

// mkdir and attach are what systemd, which is not watched, does for the process with pid
// 11. The times of these tests are milliseconds.
func mkdir(at int64, path string) event.Event {
	return event.Event{Time: at * 1e6, Kind: event.KindCgroupMkdir, PID: 1, Path: path}
}

func attach(at int64, path string) event.Event {
	return event.Event{Time: at * 1e6, Kind: event.KindCgroupAttach, PID: 1, Child: 11, Path: path}
}

// runWithCgroup runs the container db from 100 to 200 ms, with what happens to cgroups.
func runWithCgroup(t *testing.T, cgroups ...event.Event) *start.Start {
	t.Helper()
	h := newHostile(t)
	for _, e := range cgroups {
		if e.Time < 100e6 {
			h.Handle(&e)
		}
	}
	h.Handle(&event.Event{Time: 100e6, Kind: event.KindExec, PID: 10, Args: []string{"runc", "run", "db"}, MntNS: 1})
	h.Handle(&event.Event{Time: 101e6, Kind: event.KindBundle, PID: 10, Bundle: &event.Bundle{CgroupsPath: "system.slice:runc:db"}})
	h.Handle(&event.Event{Time: 102e6, Kind: event.KindFork, PID: 10, Child: 11, MntNS: 1})
	for _, e := range cgroups {
		if e.Time > 102e6 {
			h.Handle(&e)
		}
	}
	h.Handle(&event.Event{Time: 180e6, Kind: event.KindUnshare, PID: 11, Flags: unix.CLONE_NEWNS, Namespaces: &event.Namespaces{Mnt: 2}, MntNS: 2})
	h.Handle(&event.Event{Time: 181e6, Kind: event.KindRename, PID: 11, Name: "runc:[2:INIT]", MntNS: 2})
	h.Handle(&event.Event{Time: 200e6, Kind: event.KindExec, PID: 11, Args: []string{"/app"}, MntNS: 2})
	if len(h.tally.starts) != 1 || h.tally.starts[0].Outcome != start.Started {
		t.Fatalf("%+v", h.tally.starts)
	}
	return h.tally.starts[0]
}

// TestCgroupBySystemd lets systemd make the cgroup and move the runtime's process there:
// the phase begins when the cgroup of this start was made. If that was not seen, the record
// says so.
func TestCgroupBySystemd(t *testing.T) {
	made := attach(120, scope)
	made.Made = 110e6
	inner := attach(125, scope+"/container") // by crun, which makes it as well
	inner.PID = 10
	beside := attach(126, scope) // by runc on cgroup v1, where systemd made one of the name
	beside.PID, beside.Hierarchy = 10, 4
	v1, v2 := attach(120, scope), attach(121, scope)
	v1.Hierarchy, v1.Made, v2.Made = 4, 112e6, 110e6
	ofConmon := attach(107, "/system.slice/libpod-conmon-db.scope")
	ofConmon.Child = 9
	for name, tt := range map[string]struct {
		cgroups  []event.Event
		begin    int64 // ms after the start's begin; 0: no such phase
		path     string
		degraded bool
	}{
		"a mkdir":                     {cgroups: []event.Event{mkdir(110, scope), attach(120, scope)}, begin: 10, path: scope},
		"a mkdir that has no record":  {cgroups: []event.Event{made}, begin: 10, path: scope},
		"a mkdir that is not known":   {cgroups: []event.Event{attach(120, scope)}, begin: 20, path: scope, degraded: true},
		"two hierarchies":             {cgroups: []event.Event{v1, v2}, begin: 10, path: scope},
		"one inside, by the runtime":  {cgroups: []event.Event{made, inner}, begin: 10, path: scope + "/container"},
		"an earlier one of that path": {cgroups: []event.Event{mkdir(50, scope), mkdir(110, scope), attach(120, scope)}, begin: 10, path: scope},
		"one that was removed": {cgroups: []event.Event{
			mkdir(50, scope), {Time: 60e6, Kind: event.KindCgroupRmdir, PID: 1, Path: scope}, attach(120, scope),
		}, begin: 20, path: scope, degraded: true},
		"only one inside, by the runtime": {cgroups: []event.Event{inner}, begin: 25, path: inner.Path, degraded: true},
		"only another hierarchy's":        {cgroups: []event.Event{beside}, begin: 26, path: scope, degraded: true},
		"none":                            {degraded: true},
		"one to which nobody is moved":    {cgroups: []event.Event{mkdir(110, scope)}, degraded: true},
		"the monitor's":                   {cgroups: []event.Event{mkdir(105, ofConmon.Path), ofConmon}, degraded: true},
		"the parent":                      {cgroups: []event.Event{mkdir(105, "/system.slice"), attach(106, "/system.slice")}, degraded: true},
		"another container's, same end":   {cgroups: []event.Event{mkdir(110, "/system.slice/runc-otherdb.scope"), attach(120, "/system.slice/runc-otherdb.scope")}, degraded: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := runWithCgroup(t, tt.cgroups...)
			var begin time.Duration
			for _, p := range s.Phases {
				if p.Name == start.PhaseCgroup {
					begin = p.Begin
				}
			}
			path := ""
			if s.Cgroup != nil {
				path = s.Cgroup.Path
			}
			if begin.Milliseconds() != tt.begin || path != tt.path {
				t.Errorf("the phase begins after %v, the path is %q; want %d ms and %q", begin, path, tt.begin, tt.path)
			}
			if degraded := strings.Contains(strings.Join(s.Degraded, " "), start.DegradedCgroup); degraded != tt.degraded {
				t.Errorf("degraded %q, want %t", s.Degraded, tt.degraded)
			}
		})
	}
}

// TestNoCgroup runs a container that has no cgroup of its own, as without privileges on
// cgroup v1: nothing is missing.
func TestNoCgroup(t *testing.T) {
	h := newHostile(t)
	h.do(event.Event{Kind: event.KindExec, PID: 2, Args: []string{"crun", "run", "a"}})
	h.do(event.Event{Kind: event.KindBundle, PID: 2, Bundle: &event.Bundle{Root: "/r"}})
	h.do(event.Event{Kind: event.KindFork, PID: 2, Child: 3, Flags: unix.CLONE_NEWNS})
	h.do(event.Event{Kind: event.KindExec, PID: 3, Args: []string{"/bin/true"}})
	if s := h.tally.starts[0]; s.Outcome != start.Started || s.Cgroup != nil || len(s.Degraded) > 0 {
		t.Errorf("%s, cgroup %v, degraded %q", s.Outcome, s.Cgroup, s.Degraded)
	}
}
