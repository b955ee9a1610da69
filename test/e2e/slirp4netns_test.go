package e2e

import (
	"slices"
	"testing"

	"container_start_exporter/test/host"
)

// TestSlirp4netns starts a container whose network slirp4netns sets up, which goes on
// running: its operation ends with the last of its steps that is seen, in the phase prepare,
// as Podman waits for it before it executes the monitor.
func TestSlirp4netns(t *testing.T) {
	host.NeedProgram(t, "slirp4netns", "slirp4netns")
	p := needPodman(t, "crun", "netavark")
	netnsPID := p.holder.Cmd.Process.Pid
	w := watchInNetns(t, netnsPID)
	recordEvents(t, "slirp4netns", netnsPID)
	want := p.expect(t, p.detach(t, "--network", "slirp4netns"), "container", netEmpty)
	want.operations = append(want.operations, "slirp4netns")
	want.extra = func(t *testing.T, d namedRecord) {
		i := slices.IndexFunc(d.Operations, func(o operation) bool { return o.Name == "slirp4netns" })
		if i < 0 {
			return
		}
		o, prepare := d.Operations[i], d.phase("prepare")
		if o.Phase != "prepare" || o.Duration <= 0 || o.Begin+o.Duration > prepare.Begin+prepare.Duration {
			t.Errorf("slirp4netns %+v, in %+v", o, prepare)
		}
	}
	checkRow(t, w, netnsPID, []expectation{want})
}
