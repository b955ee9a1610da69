package e2e

import (
	"fmt"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

// own begins the names of the metrics of the exporter itself.
const own = "container_start_exporter_"

// checkConservation checks that no event and no start has vanished: the counters,
// of which one scrape is one snapshot, add up exactly.
func (s *server) checkConservation(t *testing.T) {
	t.Helper()
	m := s.scrape(t)
	for whole, parts := range map[string]float64{
		own + "events_handled_total": m.Sum(own+"events_joined_total", nil) + m.Sum(own+"events_node_total", nil) +
			m.Sum(own+"events_unjoined_total", nil) + m.Sum(own+"events_waiting", nil),
		own + "starts_attempted_total": m.Sum(own+"starts_ended_total", nil) + m.Sum(own+"starts_discarded_total", nil) +
			m.Sum(own+"evictions_total", scrape.Labels{"table": "starts"}) + m.Sum(own+"evictions_total", scrape.Labels{"table": "nested_starts"}) + m.Sum("container_starts_in_progress", nil) + m.Sum(own+"nested_starts_in_progress", nil),
	} {
		if n := m.Sum(whole, nil); n != parts || m.Metrics[whole] == nil {
			t.Errorf("%s is %v, and its parts are %v", whole, n, parts)
		}
	}
	s.checkHandovers(t)
}

// checkHandovers waits until what one part of the exporter has passed on is in the
// counters of the next, which a scrape reads a moment earlier or later: events that
// were read and handled, starts that ended and are in the metrics of starts. The
// exporter adds events of its own, of the clock, bundles and losses.
func (s *server) checkHandovers(t *testing.T) {
	t.Helper()
	var m metrics
	sum := func(name string) float64 { return m.Sum(name, nil) }
	ended := func(outcome string) float64 {
		return m.Sum(own+"starts_ended_total", scrape.Labels{"outcome": outcome})
	}
	host.WaitFor(t, 20*time.Second, "all that was received and has ended to be counted", func() bool {
		m = s.scrape(t)
		return sum(own+"events_handled_total") >= sum(own+"events_received_total") &&
			ended("started")+ended("failed") == sum("container_starts_total") &&
			ended("incomplete") == sum("container_starts_incomplete_total")
	}, func() string {
		return fmt.Sprintf("%v events handled of %v; %v starts started, %v failed, %v incomplete; counted %v and %v",
			sum(own+"events_handled_total"), sum(own+"events_received_total"), ended("started"), ended("failed"), ended("incomplete"),
			sum("container_starts_total"), sum("container_starts_incomplete_total"))
	})
}
