package systemd

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/report"
)

func TestMain(m *testing.M) { os.Exit(host.Main(m)) }

// engines are the commands that start a container, by the name of what starts it: words
// behind which the container's name, its image and its command follow.
var engines = []struct {
	name, engine, runtime string
	run                   []string
}{
	{"docker", "docker", "runc", []string{"docker", "run", "--rm", "--network", "none", "--name"}},
	{"podman", "podman", "crun", []string{"podman", "run", "--rm", "--network", "none", "--name"}},
	{"podman-runc", "podman", "runc", []string{"podman", "--runtime", "runc", "run", "--rm", "--network", "none", "--name"}},
}

const image = "localhost/busybox:local" // for Docker, localhost is a registry, too

// TestSystemdDriver starts containers with engines that let systemd make the cgroup, one
// by one and at once: each start has a cgroup phase that begins and ends as bpftrace saw
// systemd's calls, and the path that /proc had.
func TestSystemdDriver(t *testing.T) {
	host.NeedRoot(t)
	host.NeedProgram(t, "mmdebstrap", "mmdebstrap")
	m := boot(t)
	m.giveImage(t)
	systemd := observe(t)
	starts := m.record(t, func() {
		for _, e := range engines {
			m.one(t, e.name+"-alone", e.run)
		}
		m.atOnce(t, 4)
	})
	if want := len(engines) * 5; len(starts) != want {
		t.Errorf("%d starts, want %d", len(starts), want)
	}
	calls := systemd.stop(t)
	for _, s := range starts {
		t.Run(s.Name, func(t *testing.T) {
			check(t, s, m.paths(t)[s.Name], calls[strings.TrimSuffix(s.Cgroup.Path, "/container")])
		})
	}
}

// giveImage gives each engine the image; systemd has started the daemons by their units.
func (m *machine) giveImage(t *testing.T) {
	t.Helper()
	m.run(t, "timeout", "30", "sh", "-c", "systemctl start containerd docker || { systemctl status containerd docker; journalctl -n 60 -u containerd -u docker; false; } >&2")
	archive, err := host.ImageTar()
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(m.work, "image.tar"), archive.Bytes())
	for _, engine := range []string{"docker", "podman"} {
		m.run(t, engine, "import", filepath.Join(m.work, "image.tar"), image)
	}
}

// words returns the command that starts a container, which writes its cgroups to a file on
// a volume.
func (m *machine) words(name string, run []string) []string {
	return slices.Concat(run, []string{name, "--cgroupns", "host", "-v", m.work + ":/work", image, "sh", "-c", "cat /proc/self/cgroup >/work/cgroup-" + name})
}

func (m *machine) one(t *testing.T, name string, run []string) {
	t.Helper()
	m.run(t, m.words(name, run)...)
}

// atOnce starts n containers by each engine at the same time.
func (m *machine) atOnce(t *testing.T, n int) {
	t.Helper()
	var running []*exec.Cmd
	for i := range n {
		for _, e := range engines {
			cmd := m.command(m.words(fmt.Sprintf("%s-%d", e.name, i), e.run)...)
			cmd.Stderr = new(bytes.Buffer)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			running = append(running, cmd)
		}
	}
	for _, cmd := range running {
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v\n%s", cmd.Args, err, cmd.Stderr)
		}
	}
}

// paths returns the path that each container wrote of its cgroup v2, by its name.
func (m *machine) paths(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(m.work, "cgroup-*"))
	if err != nil {
		t.Fatal(err)
	}
	paths := map[string]string{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			if path, ok := strings.CutPrefix(line, "0::"); ok {
				paths[strings.TrimPrefix(filepath.Base(file), "cgroup-")] = strings.TrimSpace(path)
			}
		}
	}
	return paths
}

// record returns the starts while do runs, as an exporter on the machine reports them.
func (m *machine) record(t *testing.T, do func()) []report.Start {
	t.Helper()
	binary := m.exporter(t)
	p := host.Start(t, m.command(binary, "watch", "--format=json"))
	p.WaitFor(t, 30*time.Second, "its probes", func() bool { return strings.Contains(p.Stderr.String(), "attached") })
	do()
	p.WaitFor(t, 30*time.Second, "all starts", func() bool { return strings.Count(p.Stdout.String(), "\n") >= len(engines)*5 })
	m.run(t, "pkill", "--signal", "INT", "--exact", filepath.Base(binary)) // nsenter forwards no signals
	<-p.Exited
	p.CheckRaces(t)
	return parse(t, p.Stdout.String())
}

func parse(t *testing.T, lines string) (starts []report.Start) {
	t.Helper()
	for line := range strings.Lines(lines) {
		var s report.Start
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		starts = append(starts, s)
	}
	return starts
}

// calls are when a scope was made and when a process was last moved there, in ns of one clock.
type calls struct{ mkdir, attach int64 }

// observer is bpftrace, which sees what systemd and crun do to cgroups.
type observer struct{ *host.Process }

func observe(t *testing.T) observer {
	t.Helper()
	host.NeedProgram(t, "bpftrace", "bpftrace")
	cmd := exec.Command("bpftrace", "-B", "line", "-e", `BEGIN { printf("ready\n"); }
tracepoint:cgroup:cgroup_mkdir /comm == "systemd" || comm == "crun"/ { printf("mkdir %llu %s\n", nsecs, str(args->path)); }
tracepoint:cgroup:cgroup_attach_task /comm == "systemd" || comm == "crun"/ { printf("attach %llu %s\n", nsecs, str(args->dst_path)); }`)
	cmd.Env = append(os.Environ(), "BPFTRACE_STRLEN=200")
	o := observer{host.Start(t, cmd)}
	o.WaitFor(t, 30*time.Second, "bpftrace's probes", func() bool { return strings.Contains(o.Stdout.String(), "ready") })
	return o
}

// stop ends the observer and returns the first mkdir and the last attach by the scope's path.
func (o observer) stop(t *testing.T) map[string]*calls {
	t.Helper()
	if err := o.End(os.Interrupt, 10*time.Second); err != nil {
		t.Fatal(err)
	}
	seen := map[string]*calls{}
	lines := bufio.NewScanner(strings.NewReader(o.Stdout.String()))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) != 3 {
			continue
		}
		at, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		scope := strings.TrimSuffix(f[2], "/container") // by crun, in the scope
		if seen[scope] == nil {
			seen[scope] = &calls{mkdir: at}
		}
		if f[0] == "attach" {
			seen[scope].attach = at
		}
	}
	return seen
}

// check compares a start with what the container and bpftrace saw.
func check(t *testing.T, s report.Start, path string, seen *calls) {
	t.Helper()
	for _, e := range engines {
		if rest, ok := strings.CutPrefix(s.Name, e.name+"-"); ok && !strings.HasPrefix(rest, "runc-") && (s.Engine != e.engine || s.Runtime != e.runtime) {
			t.Errorf("engine %s, runtime %s; want %s, %s", s.Engine, s.Runtime, e.engine, e.runtime)
		}
	}
	if s.Outcome != "started" || len(s.Spoiled()) > 0 || s.Kind != "container" {
		t.Errorf("a %s %s, degraded %v: %s", s.Outcome, s.Kind, s.Spoiled(), s.Error)
	}
	if err := s.Partition(); err != nil {
		t.Error(err)
	}
	if s.Image != image {
		t.Errorf("image %q", s.Image)
	}
	if path == "" || !strings.HasSuffix(s.Cgroup.Path, path) {
		t.Errorf("cgroup %q, /proc had %q", s.Cgroup.Path, path)
	}
	if !slices.Contains(s.PhaseNames(), "cgroup") || seen == nil {
		t.Fatalf("phases %v, bpftrace saw %v", s.PhaseNames(), seen)
	}
	for _, o := range s.Operations {
		if o.Name == "cgroup" {
			difference := time.Duration(o.Duration - (seen.attach - seen.mkdir)).Abs()
			t.Logf("mkdir to attach: %v, %v from bpftrace's", time.Duration(o.Duration), difference)
			if difference > time.Millisecond {
				t.Errorf("the operation lasts %v, bpftrace saw %v", time.Duration(o.Duration), time.Duration(seen.attach-seen.mkdir))
			}
		}
	}
}
