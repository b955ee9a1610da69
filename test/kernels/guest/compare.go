package main

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// compareAll compares what the exporter reports with what was started.
func compareAll(e *exporter, all []container) error {
	records, err := e.records()
	if err != nil {
		return err
	}
	byID := map[string][]record{}
	for _, r := range records {
		byID[r.ContainerID] = append(byID[r.ContainerID], r)
	}
	names := map[string][]container{}
	for _, c := range all {
		names[c.name] = append(names[c.name], c)
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		var p problems
		for _, c := range names[name] {
			for _, problem := range compare(c, byID[c.id]) {
				p.addf("%s: %s", c.id, problem)
			}
		}
		report(name, append(p, sameCounts(names[name], byID)...)...)
	}
	for _, c := range all {
		delete(byID, c.id)
	}
	report("nothing else started", unexpectedStarts(byID)...)
	report("order", order(records, all)...)
	m, err := scrapeServe()
	if err != nil {
		return err
	}
	report("counted", counted(m, all)...)
	report("nothing lost", nothingLost(m)...)
	report("mechanisms", mechanisms(m)...)
	return nil
}

// unexpectedStarts returns a problem for each start of a container that guest did
// not start.
func unexpectedStarts(byID map[string][]record) []string {
	var p problems
	for id, records := range byID {
		for _, r := range records {
			p.addf("%q by %s and %s: %s %s", id, r.Engine, r.Runtime, r.Outcome, r.Error)
		}
	}
	return p
}

// sameCounts checks that containers started in the same way, some of them at the
// same time, have the same counts.
func sameCounts(same []container, byID map[string][]record) []string {
	var p problems
	for _, c := range same[1:] {
		for _, r := range byID[c.id] {
			if first := byID[same[0].id]; len(first) > 0 && r.Counts != first[0].Counts {
				p.addf("%s has %+v; %s has %+v", c.id, r.Counts, same[0].id, first[0].Counts)
			}
		}
	}
	return p
}

// compare compares a container with the starts recorded for it.
func compare(c container, records []record) problems {
	var p problems
	if len(records) != 1 {
		p.addf("%d starts; want 1", len(records))
		return p
	}
	r := records[0]
	p.partition(r)
	if r.Engine != c.engine || r.Runtime != c.runtime {
		p.addf("engine %s, runtime %s; want %s, %s", r.Engine, r.Runtime, c.engine, c.runtime)
	}
	if c.failed != "" {
		p.compareFailure(c, r)
		return p
	}
	if r.Outcome != "started" {
		p.addf("%s in %q: %s; want started", r.Outcome, r.FailedPhase, r.Error)
	}
	if !slices.Equal(r.phaseNames(), c.phases) {
		p.addf("phases %v; want %v", r.phaseNames(), c.phases)
	}
	if c.pid != r.PID {
		p.addf("pid %d; want %d", r.PID, c.pid)
	}
	if c.identity != nil && r.identity != *c.identity {
		p.addf("%+v; its engine has %+v", r.identity, *c.identity)
	}
	if c.cgroup != "" && r.Cgroup.Path != c.cgroup {
		p.addf("cgroup %q; %q in /proc", r.Cgroup.Path, c.cgroup)
	}
	p.compareNamespaces(c, r)
	p.compareMounts(c, r)
	p.compareVeths(c, r)
	return p
}

func (p *problems) compareFailure(c container, r record) {
	names := r.phaseNames()
	if r.Outcome != "failed" || r.FailedPhase != c.failed || len(names) == 0 || names[len(names)-1] != c.failed {
		p.addf("%s in %q (%s) with phases %v; want failed in %q, the last", r.Outcome, r.FailedPhase, r.Error, names, c.failed)
	}
}

// partition checks that the phases partition the start, to the nanosecond.
func (p *problems) partition(r record) {
	var end time.Duration
	for _, one := range r.Phases {
		if one.Begin != end || one.Duration < 0 {
			p.addf("phase %s begins at %d and lasts %d; the previous one ends at %d", one.Name, one.Begin, one.Duration, end)
		}
		end += one.Duration
	}
	if end != r.Duration || end == 0 {
		p.addf("the phases sum to %d ns; the start lasts %d", end, r.Duration)
	}
}

func (p *problems) compareNamespaces(c container, r record) {
	for name, inode := range c.namespaces {
		if r.Namespaces[name] != inode {
			p.addf("namespace %s:[%d]; %d in /proc", name, r.Namespaces[name], inode)
		}
	}
	if c.ownNamespaces != nil && (!slices.Equal(r.Made, c.ownNamespaces) || r.Counts.Namespaces != len(c.ownNamespaces)) {
		p.addf("created %d namespaces, %v; its own are %v", r.Counts.Namespaces, r.Made, c.ownNamespaces)
	}
}

// compareMounts checks that every mount in the container was recorded. /proc
// shows no mounts that are covered or already unmounted, so there may be more.
func (p *problems) compareMounts(c container, r record) {
	if r.Counts.Mounts < len(c.mounts) || r.Counts.Mounts == 0 {
		p.addf("%d mounts; %d are in /proc", r.Counts.Mounts, len(c.mounts))
	}
	for _, point := range c.mounts {
		if !r.mounted(point) {
			p.addf("no mount recorded at %s, which is in /proc; mounts: %q", point, r.mounts())
		}
	}
}

func (p *problems) compareVeths(c container, r record) {
	var want []veth
	if c.veth != nil {
		want = []veth{*c.veth}
	}
	if !slices.Equal(r.Veths, want) || r.Counts.Veths != len(want) {
		p.addf("veths %+v, %d counted; want %+v", r.Veths, r.Counts.Veths, want)
	}
}

// order checks that Docker's containers started in the order of Docker's own
// times, for each pair in which one was requested after the other had started.
func order(records []record, all []container) []string {
	var p problems
	ended := map[string]time.Time{}
	for _, r := range records {
		ended[r.ContainerID] = r.end()
	}
	docker := slices.DeleteFunc(slices.Clone(all), func(c container) bool { return c.startedAt.IsZero() })
	slices.SortFunc(docker, func(a, b container) int { return cmp.Compare(a.startedAt.UnixNano(), b.startedAt.UnixNano()) })
	for i := 1; i < len(docker); i++ {
		before, after := docker[i-1], docker[i]
		if before.startedAt.Before(after.requestedAt) && !ended[before.id].Before(ended[after.id]) {
			p.addf("start of %s ended at %v, of %s at %v; by Docker at %v and %v",
				before.name, ended[before.id], after.name, ended[after.id], before.startedAt, after.startedAt)
		}
	}
	return p
}
