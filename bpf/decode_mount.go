package bpf

import "container_start_exporter/collector/event"

func decodeMount(e *event.Event, raw []byte) error {
	r, rest, err := view[probesEventMount](raw)
	if err != nil {
		return err
	}
	for _, t := range []struct {
		len uint16
		to  *string
	}{
		{r.SourceLen, &e.Source},
		{r.TargetLen, &e.Target},
		{r.FsTypeLen, &e.FSType},
		{r.DataLen, &e.Data},
		{r.NameLen, &e.Name},
	} {
		if err := rest.text(int(t.len), t.to); err != nil {
			return err
		}
	}
	base, err := rest.next(int(r.BaseLen))
	if err != nil {
		return err
	}
	e.SourceNS, e.NewMntNS = r.SourceNs, r.MakesNamespace != 0
	switch {
	case r.BaseTruncated != 0:
		e.Truncated = true
	case r.Base != 0:
		e.RealTarget = realTarget(pathOf(base), e.Target)
	}
	return nil
}
