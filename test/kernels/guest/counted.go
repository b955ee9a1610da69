package main

import "container_start_exporter/test/host/scrape"

// counted checks that the metrics count each start once, and no others.
func counted(m scrape.Metrics, all []container) []string {
	var p problems
	type series struct{ engine, runtime string }
	keys := map[series]bool{}
	started, failed := map[series]float64{}, map[series]float64{}
	veths := 0.0
	for _, c := range all {
		key := series{c.engine, c.runtime}
		keys[key] = true
		if c.failed != "" {
			failed[key]++
		} else {
			started[key]++
		}
		if c.veth != nil {
			veths++
		}
	}
	for key := range keys {
		selector := scrape.Labels{"engine": key.engine, "runtime": key.runtime, "kind": "container"}
		p.want(m, "container_starts_total", selector, started[key]+failed[key])
		p.want(m, "container_start_failures_total", selector, failed[key])
		p.want(m, "container_start_duration_seconds", selector, started[key])
	}
	p.want(m, "container_starts_total", nil, float64(len(all)))
	// a failed start has a veth too if Docker creates it before it executes the runtime
	if got := m.Sum("container_start_veths_created_total", scrape.Labels{"origin": "start"}); got < veths || got > veths+1 {
		p.addf("%v veths created for starts; want %v, or one more for the start that failed", got, veths)
	}
	return p
}

// nothingLost checks that the exporter missed nothing.
func nothingLost(m scrape.Metrics) []string {
	var p problems
	for _, name := range []string{
		"container_starts_incomplete_total",
		"container_starts_in_progress",
		"container_start_exporter_events_lost_total",
		"container_start_exporter_evictions_total",
		"container_start_exporter_bundles_unread_total",
	} {
		p.want(m, name, nil, 0)
	}
	if m.Sum("container_start_exporter_events_joined_total", nil) == 0 {
		p.addf("no event was joined to a start")
	}
	return p
}

func (p *problems) want(m scrape.Metrics, name string, selector scrape.Labels, want float64) {
	if m[name] == nil && want == 0 {
		p.addf("there is no metric %s", name)
	} else if got := m.Sum(name, selector); got != want {
		p.addf("%s%v is %v; want %v", name, selector, got, want)
	}
}
