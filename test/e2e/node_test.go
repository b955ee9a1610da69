package e2e

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

// TestNode runs exporters in two nodes that are containers, and starts containers in one
// of them, in the other, in a container of it, and outside. Each exporter reports the
// starts in its own node, by the pids of that node, and leaves out and counts the rest.
func TestNode(t *testing.T) {
	eachRuntime(t, func(t *testing.T, r bareRuntime) {
		node := &watcher{host.AttachCmd(t, host.InNode(exporterCmd(t, "watch", "--nested", "--format", "json")))}
		sibling := checked(t, host.ServeInNode(t))
		pids := map[string]int{} // of the containers in the node, by id
		run := func(what string, enter ...string) (id string) {
			id = newID(t, what)
			pidFile := filepath.Join(t.TempDir(), "pid")
			line := slices.Concat(r.prefix, enter, []string{r.name, "run", "--pid-file", pidFile, "--bundle", bundle(t, "/bin/true"), id})
			must(t, exec.Command(line[0], line[1:]...))
			pids[id] = readPID(pidFile)
			return id
		}
		enter := host.EnterNode(node.Process)
		run("outside")
		run("sibling", host.EnterNode(sibling.Process)...)
		nested := run("nested", slices.Concat(enter, []string{"unshare", "--pid", "--fork", "--mount-proc"})...)
		inside, later := run("inside", enter...), run("later", enter...)

		starts := node.wait(t, nested, inside, later)
		for _, id := range []string{inside, later} {
			s := starts[id]
			checkStarted(t, s, "none", r.name, setUpPhases(r.name))
			if s.PID != pids[id] || len(s.Spoiled()) != 0 {
				t.Errorf("pid %d, degraded %v; %s says %d", s.PID, s.Degraded, r.name, pids[id])
			}
		}
		if s := starts[nested]; s.Kind != "nested" || s.Outcome != "started" {
			t.Errorf("in a container of the node: %s %s", s.Outcome, s.Kind)
		}
		if all := decodeLines[record](t, node.Stdout.String()); len(all) != len(starts) {
			t.Errorf("%d starts are reported, want %d: %+v", len(all), len(starts), all)
		}

		host.WaitFor(t, 20*time.Second, "the start in the other node", func() bool {
			return sibling.scrape(t).Sum("container_starts_total", nil) > 0
		}, sibling.Stderr.String)
		m := sibling.scrape(t)
		if all, own := m.Sum("container_starts_total", nil), m.Sum("container_starts_total", scrape.Labels{"kind": "container", "runtime": r.name}); all != 1 || own != 1 {
			t.Errorf("the other node counts %v starts, %v of them by %s; want 1", all, own, r.name)
		}
		// four runtimes at least were executed outside of it
		if n := m.Sum("container_start_exporter_events_outside_total", scrape.Labels{"event": "exec"}); n < 4 {
			t.Errorf("%v programs are counted outside of the other node, want 4 at least", n)
		}
		if n := m.lost(t); n != 0 {
			t.Errorf("%v events lost", n)
		}
	})
}
