package e2e

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

// TestPIDReuse creates as many processes as there are pids between two rounds of
// starts: the pids of the first round are reused, and no start is mixed up with an
// earlier process of the same pid. The exporter forgets processes that have exited.
func TestPIDReuse(t *testing.T) {
	r := needRuntime(t, "runc")
	limit := number(t, readFile(t, "/proc/sys/kernel/pid_max"))
	if limit > 1<<16 {
		t.Skipf("pid_max is %d: it takes too long to use all pids", limit)
	}
	s, w := serve(t), watch(t)
	before := s.scrape(t)
	_, pid := r.runSleeping(t)
	round(t, r, w)
	known := knownProcesses(t, s)

	forkMany(t, r, limit+limit/16)
	round(t, r, w)
	checkExactCount(t, s, w, before, scrape.Labels{"engine": "none", "runtime": r.name}, 22)
	if comm(pid) != "sleep" {
		t.Error("the container that should run all the time has exited")
	}
	if now := knownProcesses(t, s); now > known+50 {
		t.Errorf("%v processes known; %v before", now, known)
	}
	if lost := s.scrape(t).lost(t); lost != 0 {
		t.Errorf("%v events lost", lost)
	}
}

// round starts ten containers, five with create and start and five with run, and
// checks them.
func round(t *testing.T, r bareRuntime, w *watcher) {
	t.Helper()
	for range 5 {
		c := r.startSleeping(t, bundle(t, "/bin/sleep", "300"))
		one := w.wait(t, c.id)[c.id]
		checkStarted(t, one, "none", r.name, append(setUpPhases(r.name), "wait", "start"))
		if one.PID != c.pid || one.Namespaces["net"] != namespace(t, c.pid, "net") {
			t.Errorf("%s: pid %d in net:[%d]; it has %d", c.id, one.PID, one.Namespaces["net"], c.pid)
		}
		id, res := r.run(t, "/bin/true")
		if res.code != 0 {
			t.Fatalf("%s run: %v", r.name, res)
		}
		checkStarted(t, w.wait(t, id)[id], "none", r.name, setUpPhases(r.name))
	}
}

// knownProcesses returns the number of processes that the exporter keeps track of,
// once it no longer changes.
func knownProcesses(t *testing.T, s *server) float64 {
	t.Helper()
	var last []float64
	host.WaitFor(t, 20*time.Second, "the number of known processes to settle", func() bool {
		last = append(last, s.scrape(t).Sum("container_start_exporter_processes_known", nil))
		n := len(last)
		return n >= 5 && slices.Max(last[n-5:]) == slices.Min(last[n-5:])
	}, s.Stderr.String)
	return last[len(last)-1]
}

// forkMany creates n processes in a container, one after the other, which exit at
// once: a shell forks for a subshell, and executes nothing in it.
func forkMany(t *testing.T, r bareRuntime, n int) {
	t.Helper()
	began := time.Now()
	_, res := r.run(t, "/bin/sh", "-c", `i=0; while [ $i -lt `+strconv.Itoa(n)+` ]; do (:); i=$((i+1)); done; echo $i`)
	if res.stdout != strconv.Itoa(n)+"\n" {
		t.Fatalf("%d processes are not created: %v", n, res)
	}
	t.Logf("%d processes in %v", n, time.Since(began))
}
