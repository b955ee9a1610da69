package systemd

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/report"
)

func TestMain(m *testing.M) { os.Exit(host.Main(m, host.StopDocker)) }

// TestSystemdDriver starts a hundred containers with engines that let systemd make the
// cgroup, one by one and at once: each start has a cgroup phase that begins and ends as
// bpftrace saw systemd's calls, the path that /proc has, and the name and the image that
// the engine's inspect has.
func TestSystemdDriver(t *testing.T) {
	m := boot(t)
	m.giveImage(t)
	m.compare(t, m.rootWays(t), 4, 5)
}

// TestUnstable starts containers with the engines of Debian's unstable suite, which are newer.
func TestUnstable(t *testing.T) {
	m := bootBuild(t, build{suite: unstable, version: "2"})
	t.Log(m.run(t, "dpkg-query", "--show", "docker.io", "docker-compose", "containerd", "podman", "runc", "crun", "systemd"))
	m.giveImage(t)
	m.compare(t, m.rootWays(t), 2, 2)
}

// compare starts containers in each way, as many one by one and as many at once, and
// compares their starts with what their engines, /proc and bpftrace have.
func (m *machine) compare(t *testing.T, ways []way, alone, atOnce int) {
	t.Helper()
	systemd := observe(t)
	w := m.attach(t)
	started := m.startAll(t, ways, alone, atOnce)
	starts := w.stop(t, len(started))
	calls := systemd.stop(t)
	t.Logf("%d starts", len(starts))
	for _, s := range starts {
		c, ok := started[s.ContainerID]
		if !ok {
			t.Errorf("a start of %s %s, which nobody started", s.ContainerID, s.Name)
			continue
		}
		delete(started, s.ContainerID)
		t.Run(c.name, func(t *testing.T) {
			c.check(t, s)
			m.checkCgroup(t, c, s, calls)
			m.checkNamespaces(t, c, s)
			m.checkNetwork(t, c, s)
		})
	}
	for id, c := range started {
		t.Errorf("no start of %s %s", id, c.name)
	}
}

// check compares a start with what its engine has.
func (c container) check(t *testing.T, s report.Start) {
	t.Helper()
	if s.Engine != c.way.engine || s.Runtime != c.way.runtime {
		t.Errorf("engine %s, runtime %s; want %s, %s", s.Engine, s.Runtime, c.way.engine, c.way.runtime)
	}
	if err := s.Partition(); err != nil {
		t.Error(err)
	}
	kind, name, wantName, wantImage := "container", s.Name, c.name, c.image
	switch {
	case c.image == "": // a sandbox has the pod's name
		kind, name = "sandbox", s.Pod.Name
	case c.way.unnamed:
		wantName, wantImage = "", ""
	case c.way.noImage:
		wantImage = ""
	}
	if s.Kind != kind || name != wantName || s.Image != wantImage {
		t.Errorf("%s %q of %q; want %s %q of %q", s.Kind, name, s.Image, kind, wantName, wantImage)
	}
	if s.Outcome != "started" || len(s.Spoiled()) > 0 {
		t.Errorf("%s, degraded %v: %s", s.Outcome, s.Spoiled(), s.Error)
	}
}

// checkCgroup compares a start's cgroup with /proc and with what bpftrace saw.
func (m *machine) checkCgroup(t *testing.T, c container, s report.Start, seen map[string]*calls) {
	t.Helper()
	if paths := m.cgroupsOf(t, c.pid); !slices.Contains(paths, s.Cgroup.Path) {
		t.Errorf("cgroup %q, /proc has %q", s.Cgroup.Path, paths)
	}
	scope := seen[strings.TrimSuffix(s.Cgroup.Path, "/container")]
	i := slices.IndexFunc(s.Operations, func(o report.Operation) bool { return o.Name == "cgroup" })
	if !slices.Contains(s.PhaseNames(), "cgroup") || i < 0 || scope == nil {
		t.Fatalf("phases %v; bpftrace saw %+v", s.PhaseNames(), scope)
	}
	begin := s.Begin.UnixNano() - bootTime(t) + s.Operations[i].Begin
	mkdir, attach := time.Duration(begin-scope.mkdir), time.Duration(begin+s.Operations[i].Duration-scope.attach)
	t.Logf("mkdir to attach %v; from bpftrace's %v and %v", time.Duration(s.Operations[i].Duration), mkdir, attach)
	if max(mkdir.Abs(), attach.Abs()) > time.Millisecond {
		t.Errorf("mkdir %v and attach %v from bpftrace's; want at most 1ms", mkdir, attach)
	}
}

// checkNamespaces compares a start's namespaces with those in /proc.
func (m *machine) checkNamespaces(t *testing.T, c container, s report.Start) {
	t.Helper()
	if len(s.Namespaces) < 5 {
		t.Errorf("namespaces %v", s.Namespaces)
	}
	real := strings.Fields(m.run(t, "find", "/proc/"+c.pid+"/ns", "-printf", "%l\n"))
	for name, inode := range s.Namespaces {
		if n := fmt.Sprintf("%s:[%d]", name, inode); !slices.Contains(real, n) {
			t.Errorf("namespace %s, /proc has %v", n, real)
		}
	}
	if made := slices.Contains(s.Made, "user"); made != c.way.remapped {
		t.Errorf("made namespaces %v; a user namespace of its own: %t", s.Made, c.way.remapped)
	}
}

// bootTime returns when this host's boot time was 0, in ns since 1970.
func bootTime(t *testing.T) int64 {
	t.Helper()
	var boot, now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot); err != nil {
		t.Fatal(err)
	}
	if err := unix.ClockGettime(unix.CLOCK_REALTIME, &now); err != nil {
		t.Fatal(err)
	}
	return now.Nano() - boot.Nano()
}
