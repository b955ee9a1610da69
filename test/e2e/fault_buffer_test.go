package e2e

import (
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

// TestFaultSmallBuffer reads a storm through the smallest ring buffer until that has
// overflowed: lost events are counted by their cause, and each start that they may
// belong to is incomplete. A start that is reported as started is right.
func TestFaultSmallBuffer(t *testing.T) {
	runc, crun := needRuntime(t, "runc"), needRuntime(t, "crun")
	flags := []string{"--buffer-size=64KiB"}
	s := serveWith(t, flags)
	w := &watcher{attach(t, append([]string{"watch", "--format=json"}, flags...)...)}
	before := s.scrape(t)
	overflows := func() float64 {
		return s.scrape(t).Sum("container_start_exporter_events_lost_total", scrape.Labels{"cause": "buffer_full"})
	}

	l := startStorm(t, runc, crun)
	s.WaitFor(t, 30*time.Second, "the buffers of both to overflow", func() bool {
		return overflows() > 0 && strings.Contains(w.Stdout.String(), `"incomplete"`)
	})
	from := time.Now()
	host.WaitFor(t, 20*time.Second, "two more starts by each source", func() bool { return l.eachStartedSince(from, 2) }, nil)
	l.stop()
	made := l.ids()
	settle(t, s, w, crun, made)

	n := tallyOf(t, before, s.scrape(t))
	if n.incomplete == 0 {
		t.Error("no start is incomplete")
	}
	n.checkSuccesses(t, len(made))
	t.Logf("watch: %v", checkSuccessRecords(t, decodeLines[record](t, w.Stdout.String()), made))
	waitWhole(t, s, w, crun)
	checkAfterwards(t, s, w, runc, crun)
}
