package e2e

import (
	"os"
	"sync"
	"testing"
	"time"
)

// TestDockerNetworksTogether starts containers at once by Docker 20.10, each on
// a network of another kind: nobody gets what is another's.
func TestDockerNetworksTogether(t *testing.T) {
	d := needDocker(t)
	network := d.userNetwork(t)
	startTogether(t, d, os.Getpid(), []dockerRow{
		{network: netHost, args: []string{"--network", "host"}, phases: withoutHooks},
		{network: netBridge, phases: dockerPhases, hook: true},
		{network: netEmpty, args: []string{"--network", "none"}, phases: dockerPhases, hook: true},
		{network: netBridge, args: []string{"--network", network}, phases: dockerPhases, hook: true, iptables: 11, in: "hooks"},
		publishing(t, dockerRow{phases: dockerPhases, hook: true, iptables: 6, in: "prepare"}),
		publishing(t, dockerRow{phases: dockerPhases, hook: true, iptables: 6, in: "prepare"}),
		{network: netHost, args: []string{"--network", "host"}, phases: withoutHooks},
	})
}

// TestMobyNetworksTogether does so by moby 2.
func TestMobyNetworksTogether(t *testing.T) {
	m := needMoby(t)
	startTogether(t, &m.docker, m.room.cmd.Process.Pid, []dockerRow{
		{network: netHost, args: []string{"--network", "host"}, phases: mobyPhases},
		{network: netBridge, phases: mobyPhases, iptables: 2, in: "wait"},
		{network: netEmpty, args: []string{"--network", "none"}, phases: mobyPhases},
		publishing(t, dockerRow{phases: mobyPhases, iptables: 11, in: "wait"}),
		publishing(t, dockerRow{phases: mobyPhases, iptables: 11, in: "wait"}),
		{network: netHost, args: []string{"--network", "host"}, phases: mobyPhases},
	})
}

// publishing is a row with a published port.
func publishing(t *testing.T, o dockerRow) dockerRow {
	t.Helper()
	o.network, o.port = netBridge, freePort(t)
	o.args = []string{"-p", "127.0.0.1:" + o.port + ":80"}
	return o
}

func startTogether(t *testing.T, d *docker, host int, rows []dockerRow) {
	t.Helper()
	w := watchBeside(t, host)
	wants := make([]want, len(rows))
	var group sync.WaitGroup
	for i, o := range rows {
		o.host = host
		asked := time.Now()
		group.Go(func() {
			id := d.detach(t, append(o.args, image, "sleep", "300")...)
			wants[i] = o.want(t, d, id, asked)
		})
	}
	group.Wait()
	if !t.Failed() {
		checkRow(t, w, host, wants)
	}
}
