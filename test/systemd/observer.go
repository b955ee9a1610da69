package systemd

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// observer is bpftrace, which sees who makes which cgroup, and moves which process there.
type observer struct{ *host.Process }

// calls are when a cgroup was made and when a process was last moved there, in ns of the
// boot time.
type calls struct{ mkdir, attach int64 }

func observe(t *testing.T) observer {
	t.Helper()
	host.NeedProgram(t, "bpftrace", "bpftrace")
	cmd := exec.Command("bpftrace", "-B", "line", "-e", `BEGIN { printf("ready\n"); }
tracepoint:cgroup:cgroup_mkdir { printf("mkdir %llu %s\n", nsecs, str(args->path)); }
tracepoint:cgroup:cgroup_attach_task { printf("attach %llu %s\n", nsecs, str(args->dst_path)); }`)
	cmd.Env = append(os.Environ(), "BPFTRACE_STRLEN=200", "BPFTRACE_PERF_RB_PAGES=1024")
	o := observer{host.Start(t, cmd)}
	o.WaitFor(t, 30*time.Second, "bpftrace's probes", func() bool { return strings.Contains(o.Stdout.String(), "ready") })
	return o
}

// stop ends the observer and returns the calls by the cgroup's path. What crun makes in a
// scope counts as the scope's.
func (o observer) stop(t *testing.T) map[string]*calls {
	t.Helper()
	if err := o.End(os.Interrupt, 30*time.Second); err != nil {
		t.Fatal(err)
	}
	if text := o.Stdout.String() + o.Stderr.String(); strings.Contains(text, "Lost ") {
		t.Errorf("bpftrace lost events: %s", o.Stderr.String())
	}
	seen := map[string]*calls{}
	for line := range strings.Lines(o.Stdout.String()) {
		f := strings.Fields(line)
		if len(f) != 3 {
			continue
		}
		at, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		scope := strings.TrimSuffix(f[2], "/container")
		if seen[scope] == nil {
			seen[scope] = &calls{mkdir: at}
		}
		c := seen[scope] // the lines of two processors are in any order
		if f[0] == "attach" {
			c.attach = max(c.attach, at)
		} else {
			c.mkdir = min(c.mkdir, at)
		}
	}
	return seen
}
