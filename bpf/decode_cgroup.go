package bpf

import "container_start_exporter/collector"

func decodeCgroup(e *collector.Event, raw []byte) error {
	r, rest, err := view[probesEventCgroup](raw)
	if err != nil {
		return err
	}
	e.Child, e.ChildBorn = int(r.Child), int64(r.ChildStartTime)
	e.Hierarchy = int(int32(r.Hierarchy))
	return rest.text(int(r.PathLen), &e.Path)
}
