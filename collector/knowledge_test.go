package collector

import (
	"cmp"
	"slices"
	"strings"

	"container_start_exporter/collector/event"
)

// knowledge is what an attacker knows of the host: it can write all of it in its
// arguments and paths. The namespaces behind it are others than its own.
type knowledge struct {
	ids, roots, bundles, netns, mounts, interfaces, addresses, cgroups, traces []string

	pids []int
	born int64 // a start time that is before all events
}

// learn collects from a recording and its starts what they are known by.
func learn(events []*event.Event, starts *reported) *knowledge {
	k := &knowledge{born: events[0].Time / 2}
	for _, s := range starts.starts {
		k.ids = append(k.ids, s.ContainerID)
		k.pids = append(k.pids, s.PID)
		k.traces = append(k.traces, "00-"+s.TraceID+"-"+s.SpanID+"-01")
		for _, v := range s.Veths {
			k.interfaces = append(k.interfaces, v.Host, v.Container)
			k.addresses = append(k.addresses, v.Address)
		}
		if s.Cgroup != nil {
			k.cgroups = append(k.cgroups, s.Cgroup.Path)
		}
	}
	for _, e := range events {
		k.see(e)
	}
	for _, list := range []*[]string{&k.ids, &k.roots, &k.bundles, &k.netns, &k.mounts, &k.interfaces, &k.addresses, &k.cgroups, &k.traces} {
		*list = slices.DeleteFunc(*list, func(s string) bool { return s == "" })
		slices.SortFunc(*list, cmp.Compare[string])
		*list = slices.Compact(*list)
	}
	slices.Sort(k.pids)
	return k
}

// see adds what an event shows.
func (k *knowledge) see(e *event.Event) {
	switch {
	case e.Bundle != nil:
		k.bundles = append(k.bundles, e.Path)
		k.mounts = append(k.mounts, e.Bundle.Root)
		k.netns = append(k.netns, e.Bundle.NetnsPath)
	case e.AttachesMount():
		k.mounts = append(k.mounts, e.ResolvedTarget())
	}
	for i, arg := range e.Args {
		if arg == "--root" && i+1 < len(e.Args) {
			k.roots = append(k.roots, e.Args[i+1])
		}
	}
	for _, v := range e.Env {
		if path, ok := strings.CutPrefix(v, "CNI_NETNS="); ok {
			k.netns = append(k.netns, path)
		}
	}
}
