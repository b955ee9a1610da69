package main

// counted checks that the metrics have each start once, and no other.
func counted(m metrics, all []started) []string {
	var p problems
	type series struct{ engine, runtime string }
	started, failed := map[series]float64{}, map[series]float64{}
	veths := 0.0
	for _, s := range all {
		of := series{s.engine, s.runtime}
		if s.failed != "" {
			failed[of]++
		} else {
			started[of]++
		}
		if s.veth != nil {
			veths++
		}
	}
	for _, of := range []series{{"none", "runc"}, {"none", "crun"}, {"docker", "runc"}} {
		where := labels{"engine": of.engine, "runtime": of.runtime, "kind": "container"}
		p.want(m, "container_starts_total", where, started[of]+failed[of])
		p.want(m, "container_start_failures_total", where, failed[of])
		p.want(m, "container_start_duration_seconds", where, started[of])
	}
	p.want(m, "container_starts_total", nil, float64(len(all)))
	// One that fails has a veth too, if Docker makes it before the runtime runs.
	if got := m.sum("container_start_veths_created_total", labels{"origin": "start"}); got < veths || got > veths+1 {
		p.addf("%v veths made for starts; want %v, and perhaps that of the one that failed", got, veths)
	}
	return p
}

// nothingLost checks that the exporter has missed nothing.
func nothingLost(m metrics) []string {
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
	if m.sum("container_start_exporter_events_joined_total", nil) == 0 {
		p.addf("no event was joined to a start")
	}
	return p
}

func (p *problems) want(m metrics, name string, where labels, want float64) {
	if m[name] == nil && want == 0 {
		p.addf("there is no metric %s", name)
	} else if got := m.sum(name, where); got != want {
		p.addf("%s%v is %v; want %v", name, where, got, want)
	}
}
