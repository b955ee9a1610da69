package bpf

import "container_start_exporter/collector/event"

func decodeNamespace(e *event.Event, raw []byte) error {
	r, _, err := view[probesEventNamespace](raw)
	if err != nil {
		return err
	}
	e.Namespaces = namespaces(&r.Ns)
	e.NetnsBegan, e.NetnsDuration = int64(r.Netns.Begin), int64(r.Netns.Duration)
	return nil
}
