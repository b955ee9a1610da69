package e2e

import (
	"os"
	"sync"
	"testing"
	"time"
)

// TestDockerNetworksTogether makes Docker 20.10 start containers at the same time
// on networks of all kinds: no start gets operations of another.
func TestDockerNetworksTogether(t *testing.T) {
	d := needDocker(t)
	network := d.userNetwork(t)
	startConcurrently(t, d, os.Getpid(), []dockerRow{
		{network: netHost, args: []string{"--network", "host"}, phases: phasesWithoutHooks},
		{network: netBridge, phases: dockerPhases, hook: true},
		{network: netEmpty, args: []string{"--network", "none"}, phases: dockerPhases, hook: true},
		{network: netBridge, args: []string{"--network", network}, phases: dockerPhases, hook: true, iptables: 11, iptablesPhase: "hooks"},
		publishing(t, dockerRow{phases: dockerPhases, hook: true, iptables: 6, iptablesPhase: "prepare"}),
		publishing(t, dockerRow{phases: dockerPhases, hook: true, iptables: 6, iptablesPhase: "prepare"}),
		{network: netHost, args: []string{"--network", "host"}, phases: phasesWithoutHooks},
	})
}

// TestMobyNetworksTogether does the same with moby 2.
func TestMobyNetworksTogether(t *testing.T) {
	m := needMoby(t)
	startConcurrently(t, &m.docker, m.holder.Cmd.Process.Pid, []dockerRow{
		{network: netHost, args: []string{"--network", "host"}, phases: mobyPhases},
		{network: netBridge, phases: mobyPhases, iptables: 2, iptablesPhase: "wait"},
		{network: netEmpty, args: []string{"--network", "none"}, phases: mobyPhases},
		publishing(t, dockerRow{phases: mobyPhases, iptables: 11, iptablesPhase: "wait"}),
		publishing(t, dockerRow{phases: mobyPhases, iptables: 11, iptablesPhase: "wait"}),
		{network: netHost, args: []string{"--network", "host"}, phases: mobyPhases},
	})
}

// publishing returns a row with a published port.
func publishing(t *testing.T, r dockerRow) dockerRow {
	t.Helper()
	r.network, r.port = netBridge, freePort(t)
	r.args = []string{"-p", "127.0.0.1:" + r.port + ":80"}
	return r
}

func startConcurrently(t *testing.T, d *docker, netnsPID int, rows []dockerRow) {
	t.Helper()
	w := watchInNetns(t, netnsPID)
	wants := make([]expectation, len(rows))
	var group sync.WaitGroup
	for i, r := range rows {
		r.netnsPID = netnsPID
		requested := time.Now()
		group.Go(func() {
			id := d.detach(t, append(r.args, image, "sleep", "300")...)
			wants[i] = r.expect(t, d, id, requested)
		})
	}
	group.Wait()
	if !t.Failed() {
		checkRow(t, w, netnsPID, wants)
	}
}
