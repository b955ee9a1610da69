package bpf

import "container_start_exporter/collector/event"

func decodeCgroup(e *event.Event, raw []byte) error {
	r, rest, err := view[probesEventCgroup](raw)
	if err != nil {
		return err
	}
	e.Child, e.ChildStartTime = int(r.Child), int64(r.ChildStartTime)
	e.Made = int64(r.Made)
	e.Hierarchy = int(int32(r.Hierarchy))
	return rest.text(int(r.PathLen), &e.Path)
}
