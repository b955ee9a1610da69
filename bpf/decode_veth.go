package bpf

import "container_start_exporter/collector/event"

func decodeVeth(e *event.Event, raw []byte) error {
	r, _, err := view[probesEventVeth](raw)
	if err != nil {
		return err
	}
	end, peer := &r.Ends[0], &r.Ends[1]
	e.LinkType = "veth"
	e.LinkNS, e.Index, e.Name = end.NetNs, int(end.Index), fixed(&end.Name)
	e.TargetNS, e.PeerIndex, e.PeerName = peer.NetNs, int(peer.Index), fixed(&peer.Name)
	e.Waited = int64(r.RtnlWait)
	return nil
}
