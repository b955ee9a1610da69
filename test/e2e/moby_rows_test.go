package e2e

import (
	"slices"
	"testing"
)

// mobyPhases are the phases of a start by moby 2 and runc: there is no OCI hook,
// the network is set up while the runtime waits.
var mobyPhases = []string{"prepare", "shim", "create", "cgroup", "namespaces", "rootfs", "init", "wait", "start"}

// mobyRows returns the starts by a moby 2 daemon.
func mobyRows(t *testing.T) (_ int, rows []row) {
	m := needMoby(t)
	netnsPID := m.holder.Cmd.Process.Pid
	port, lines := freePort(t), attachInNetns(t, netnsPID, "events", "--format", "json")
	for _, one := range []dockerRow{
		{name: "host network", network: netHost, args: []string{"--network", "host"}},
		{name: "default bridge", network: netBridge, iptables: 2, iptablesPhase: "wait"},
		{name: "published port", network: netBridge, args: []string{"-p", "127.0.0.1:" + port + ":80"}, iptables: 11, iptablesPhase: "wait", port: port},
		{name: "no network", network: netEmpty, args: []string{"--network", "none"}},
	} {
		one.phases, one.netnsPID, one.events = mobyPhases, netnsPID, lines
		rows = append(rows, row{one.name, func(t *testing.T) []expectation {
			return []expectation{one.start(t, &m.docker)}
		}})
	}
	return netnsPID, rows
}

// TestMobyNetworkFailure publishes a port that is in use: the container is created,
// and the engine gives up before it starts it.
func TestMobyNetworkFailure(t *testing.T) {
	m := needMoby(t)
	w := watchInNetns(t, m.holder.Cmd.Process.Pid)
	port := freePort(t)
	// Another container publishes it: the address is in use in that network namespace.
	m.detach(t, "-p", "127.0.0.1:"+port+":80", image, "sleep", "300")
	id, r := m.run(t, "-p", "127.0.0.1:"+port+":80", image, "true")
	if r.code == 0 {
		t.Fatalf("port %s is published twice", port)
	}
	w.wait(t, m.runTrue(t)) // once a later start is reported, all earlier ones are
	one := w.wait(t, id)[id]
	checkFailed(t, one, "wait")
	if one.ErrorType != "given_up" || one.Engine != "docker" || one.Runtime != "runc" {
		t.Errorf("%s by %s and %s; want given_up by docker and runc", one.ErrorType, one.Engine, one.Runtime)
	}
	if want := mobyPhases[:len(mobyPhases)-1]; !slices.Equal(one.phaseNames(), want) {
		t.Errorf("phases %v; want %v", one.phaseNames(), want)
	}
}
