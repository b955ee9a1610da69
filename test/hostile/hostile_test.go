package hostile

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/report"
	"container_start_exporter/test/host/scrape"
)

// row is one attack from a container.
type row struct {
	name    string
	options []string // of docker run
	args    []string // of the attack
	minimum int      // how often the attack does what it does, at least
	// evidence is whether its runtimes make processes, or have bundles that can be
	// read: they may then be counted as nested starts that failed.
	evidence bool
	// check checks more, after an attack that did so often what it does.
	check func(t *testing.T, s *suite, before, after scrape.Metrics, done int)
}

var rows = []row{
	{name: "shims", args: []string{"4096"}, minimum: 4096},
	{name: "bundles", args: []string{"150"}, minimum: 150, evidence: true},
	{name: "netlink", args: []string{"8000"}, minimum: 8000, check: checkVeths},
	{name: "forge", args: []string{"2200"}, minimum: 2000, evidence: true, check: checkFailures},
	{name: "links", args: []string{"200"}, minimum: 200},
	{name: "chroots", args: []string{"130000", "13000"}, minimum: 130_000, check: checkChroots},
	{name: "children", args: []string{"17000"}, options: []string{"--pids-limit", "-1"}, minimum: 1000, evidence: true, check: checkForgotten},
	{name: "mounts", args: []string{"20000"}, options: []string{"--security-opt", "seccomp=unconfined"}, minimum: 20_000, evidence: true},
	{name: "cwd", args: []string{"200"}, minimum: 200},
}

// maxMemory is the memory that the exporter may ever have resident, in kB.
const maxMemory = 100 << 10

// TestHostile runs honest containers beside attacks.
func TestHostile(t *testing.T) {
	s := newSuite(t)
	before := s.baseline(t)
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) { s.withstand(t, r) })
	}
	t.Run("claim", s.withstandClaim)
	t.Run("clients", s.withstandClients)
	t.Run("cni", s.withstandCNI)
	s.checkCounted(t, before)
	for _, p := range []*host.Process{s.server.Process, s.watch} {
		peak := peakMemory(t, p.Cmd.Process.Pid)
		t.Logf("%s: %d kB resident at most", p.Cmd.Args[1], peak)
		if peak > maxMemory {
			t.Errorf("%s had %d kB resident; want at most %d", p.Cmd.Args[1], peak, maxMemory)
		}
	}
}

// withstand compares honest starts beside an attack with one without.
func (s *suite) withstand(t *testing.T, r row) {
	first := s.run(t)
	reference := s.record(t, first.id)
	first.checkWhole(t, reference)
	before := s.baseline(t)

	a := s.attack(t, r.options, append([]string{r.name}, r.args...)...)
	for _, h := range s.runSome(t) {
		s.checkSame(t, h, reference)
	}
	t.Run("idle", s.waitIdle)
	done := a.end(t)
	if done < r.minimum {
		t.Errorf("the attack was made %d times; want %d", done, r.minimum)
	}
	s.checkRow(t, r, before, done)
}

// checkSame checks that a start beside an attack has the record that one without it
// has, but for times and names.
func (s *suite) checkSame(t *testing.T, h honest, reference report.Start) {
	t.Helper()
	one := s.record(t, h.id)
	h.checkWhole(t, one)
	if got, want := shape(one), shape(reference); got != want {
		t.Errorf("%s: beside the attack\n%s\nwithout it\n%s", h.name, got, want)
	}
}

// runSome runs honest containers, one after the other and at once.
func (s *suite) runSome(t *testing.T) []honest {
	t.Helper()
	all := make([]honest, 4)
	all[0], all[1] = s.run(t), s.run(t)
	var group sync.WaitGroup
	for i := range all[2:] {
		group.Go(func() { all[2+i] = s.run(t) })
	}
	group.Wait()
	return all
}

// waitIdle waits until no start is in progress: the honest ones have ended.
func (s *suite) waitIdle(t *testing.T) {
	inProgress := 0.0
	host.WaitFor(t, 10*time.Second, "no start in progress", func() bool {
		inProgress = s.scraper.metrics(t).Sum("container_starts_in_progress", nil)
		return inProgress == 0
	}, func() string { return strconv.FormatFloat(inProgress, 'g', -1, 64) + " are in progress" })
}

// checkRow checks what is true after each attack.
func (s *suite) checkRow(t *testing.T, r row, before baseline, done int) {
	t.Helper()
	t.Run("counted", func(t *testing.T) { s.waitCounted(t, before) })
	s.checkCounted(t, before)
	s.checkStream(t)
	unanswered, slowest := s.scraper.take()
	t.Logf("the slowest scrape lasted %v; %d and %d kB resident so far",
		slowest, peakMemory(t, s.server.Cmd.Process.Pid), peakMemory(t, s.watch.Cmd.Process.Pid))
	if len(unanswered) > 0 {
		t.Errorf("%d scrapes were not answered within %v, the first: %s", len(unanswered), scrapeTimeout, unanswered[0])
	}
	after := s.scraper.metrics(t)
	starts, failures := increase(before.metrics, after, startsMetric, nested), increase(before.metrics, after, failuresMetric, nested)
	if starts != failures {
		t.Errorf("%v nested starts are counted as started that had no init", starts-failures)
	}
	if failures != 0 && !r.evidence {
		t.Errorf("%v nested starts are counted that had neither a process nor a bundle", failures)
	}
	for _, cause := range lostCauses(after) {
		selector := scrape.Labels{"cause": cause}
		if n := increase(before.metrics, after, lostMetric, selector); n != 0 && cause != "over_quota" {
			t.Errorf("%v events of the host lost: %s", n, cause)
		}
	}
	if r.check != nil {
		r.check(t, s, before.metrics, after, done)
	}
}

const lostMetric = "container_start_exporter_events_lost_total"

// lostCauses returns the causes for which events may have been lost.
func lostCauses(m scrape.Metrics) (causes []string) {
	for _, series := range m[lostMetric].GetMetric() {
		for _, pair := range series.GetLabel() {
			if pair.GetName() == "cause" {
				causes = append(causes, pair.GetValue())
			}
		}
	}
	slices.Sort(causes)
	return slices.Compact(causes)
}
