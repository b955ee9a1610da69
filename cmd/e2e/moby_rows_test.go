package e2e

import (
	"slices"
	"testing"
)

// mobyPhases are those of a start by moby 2 and runc: no hook, the network is
// set up while the runtime waits.
var mobyPhases = []string{"prepare", "shim", "create", "cgroup", "namespaces", "rootfs", "init", "wait", "start"}

// mobyRows are the starts by a daemon of their own.
func mobyRows(t *testing.T) (_ int, rows []row) {
	m := needMoby(t)
	host := m.room.cmd.Process.Pid
	port, lines := freePort(t), attachedBeside(t, host, "events", "--format", "json")
	for _, one := range []dockerRow{
		{name: "host network", network: netHost, args: []string{"--network", "host"}},
		{name: "default bridge", network: netBridge, iptables: 2, in: "wait"},
		{name: "published port", network: netBridge, args: []string{"-p", "127.0.0.1:" + port + ":80"}, iptables: 11, in: "wait", port: port},
		{name: "no network", network: netEmpty, args: []string{"--network", "none"}},
	} {
		one.phases, one.host, one.events = mobyPhases, host, lines
		rows = append(rows, row{one.name, func(t *testing.T) []want {
			return []want{one.start(t, &m.docker)}
		}})
	}
	return host, rows
}

// TestMobyNetworkFailure publishes a port that is in use: the container is
// created, and given up before it is started.
func TestMobyNetworkFailure(t *testing.T) {
	m := needMoby(t)
	w := watchBeside(t, m.room.cmd.Process.Pid)
	port := freePort(t)
	// The other one has it: an address is in use in that network namespace.
	m.detach(t, "-p", "127.0.0.1:"+port+":80", image, "sleep", "300")
	id, r := m.run(t, "-p", "127.0.0.1:"+port+":80", image, "true")
	if r.code == 0 {
		t.Fatalf("port %s is published twice", port)
	}
	w.wait(t, m.runTrue(t)) // what comes after it: nothing of it is to come
	one := w.wait(t, id)[id]
	checkFailed(t, one, "wait")
	if one.ErrorType != "given_up" || one.Engine != "docker" || one.Runtime != "runc" {
		t.Errorf("%s by %s and %s; want given_up by docker and runc", one.ErrorType, one.Engine, one.Runtime)
	}
	if want := mobyPhases[:len(mobyPhases)-1]; !slices.Equal(one.phaseNames(), want) {
		t.Errorf("phases %v; want %v", one.phaseNames(), want)
	}
}
