package main

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// compareAll compares what the exporter says with what was started.
func compareAll(e *exporter, all []started) error {
	records, err := e.records()
	if err != nil {
		return err
	}
	byID := map[string][]record{}
	for _, r := range records {
		byID[r.ContainerID] = append(byID[r.ContainerID], r)
	}
	names := map[string][]started{}
	for _, s := range all {
		names[s.name] = append(names[s.name], s)
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		var p problems
		for _, s := range names[name] {
			for _, problem := range compare(s, byID[s.id]) {
				p.addf("%s: %s", s.id, problem)
			}
		}
		report(name, append(p, alike(names[name], byID)...)...)
	}
	for _, s := range all {
		delete(byID, s.id)
	}
	report("nothing else started", others(byID)...)
	report("order", order(records, all)...)
	m, err := scrape()
	if err != nil {
		return err
	}
	report("counted", counted(m, all)...)
	report("nothing lost", nothingLost(m)...)
	report("mechanisms", mechanisms(m)...)
	return nil
}

// others are starts of what was not started.
func others(byID map[string][]record) []string {
	var p problems
	for id, records := range byID {
		for _, r := range records {
			p.addf("%q by %s and %s: %s %s", id, r.Engine, r.Runtime, r.Outcome, r.Error)
		}
	}
	return p
}

// alike checks that what was started in the same way, some of it at the same
// time, is made of the same.
func alike(same []started, byID map[string][]record) []string {
	var p problems
	for _, s := range same[1:] {
		for _, r := range byID[s.id] {
			if first := byID[same[0].id]; len(first) > 0 && r.Counts != first[0].Counts {
				p.addf("%s has %+v; %s has %+v", s.id, r.Counts, same[0].id, first[0].Counts)
			}
		}
	}
	return p
}

// compare compares a container with the starts that it has.
func compare(s started, records []record) problems {
	var p problems
	if len(records) != 1 {
		p.addf("%d starts; want 1", len(records))
		return p
	}
	r := records[0]
	p.partition(r)
	if r.Engine != s.engine || r.Runtime != s.runtime {
		p.addf("engine %s, runtime %s; want %s, %s", r.Engine, r.Runtime, s.engine, s.runtime)
	}
	if s.failed != "" {
		p.compareFailure(s, r)
		return p
	}
	if r.Outcome != "started" {
		p.addf("%s in %q: %s; want started", r.Outcome, r.FailedPhase, r.Error)
	}
	if !slices.Equal(r.phaseNames(), s.phases) {
		p.addf("phases %v; want %v", r.phaseNames(), s.phases)
	}
	if s.pid != r.PID {
		p.addf("pid %d; want %d", r.PID, s.pid)
	}
	p.compareNamespaces(s, r)
	p.compareMounts(s, r)
	p.compareVeths(s, r)
	return p
}

func (p *problems) compareFailure(s started, r record) {
	names := r.phaseNames()
	if r.Outcome != "failed" || r.FailedPhase != s.failed || len(names) == 0 || names[len(names)-1] != s.failed {
		p.addf("%s in %q (%s) with phases %v; want failed in %q, the last", r.Outcome, r.FailedPhase, r.Error, names, s.failed)
	}
}

// partition checks that the phases partition the start, to the nanosecond.
func (p *problems) partition(r record) {
	var end time.Duration
	for _, one := range r.Phases {
		if one.Begin != end || one.Duration < 0 {
			p.addf("phase %s begins at %d and lasts %d; the one before ends at %d", one.Name, one.Begin, one.Duration, end)
		}
		end += one.Duration
	}
	if end != r.Duration || end == 0 {
		p.addf("the phases sum to %d ns; the start lasts %d", end, r.Duration)
	}
}

func (p *problems) compareNamespaces(s started, r record) {
	for name, inode := range s.namespaces {
		if r.Namespaces[name] != inode {
			p.addf("namespace %s:[%d]; /proc says %d", name, r.Namespaces[name], inode)
		}
	}
	if s.made != nil && (!slices.Equal(r.Made, s.made) || r.Counts.Namespaces != len(s.made)) {
		p.addf("made %d namespaces, %v; its own are %v", r.Counts.Namespaces, r.Made, s.made)
	}
}

// compareMounts checks that what is mounted in the container was seen to be:
// what is hidden or gone by now, /proc does not tell.
func (p *problems) compareMounts(s started, r record) {
	if r.Counts.Mounts < len(s.mounts) || r.Counts.Mounts == 0 {
		p.addf("%d mounts; %d are in /proc", r.Counts.Mounts, len(s.mounts))
	}
	for _, point := range s.mounts {
		if !r.mounted(point) {
			p.addf("nothing was mounted at %s, but /proc says so; mounts: %q", point, r.mounts())
		}
	}
}

func (p *problems) compareVeths(s started, r record) {
	var want []veth
	if s.veth != nil {
		want = []veth{*s.veth}
	}
	if !slices.Equal(r.Veths, want) || r.Counts.Veths != len(want) {
		p.addf("veths %+v, %d counted; want %+v", r.Veths, r.Counts.Veths, want)
	}
}

// order checks that Docker's containers started in the order that Docker says,
// as far as it was asked for one when another had started.
func order(records []record, all []started) []string {
	var p problems
	ended := map[string]time.Time{}
	for _, r := range records {
		ended[r.ContainerID] = r.end()
	}
	docker := slices.DeleteFunc(slices.Clone(all), func(s started) bool { return s.at.IsZero() })
	slices.SortFunc(docker, func(a, b started) int { return cmp.Compare(a.at.UnixNano(), b.at.UnixNano()) })
	for i := 1; i < len(docker); i++ {
		before, after := docker[i-1], docker[i]
		if before.at.Before(after.asked) && !ended[before.id].Before(ended[after.id]) {
			p.addf("%s ended at %v, %s at %v; Docker says %v and %v",
				before.name, ended[before.id], after.name, ended[after.id], before.at, after.at)
		}
	}
	return p
}
