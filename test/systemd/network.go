package systemd

import (
	"slices"
	"testing"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/report"
)

// checkNetwork compares a start's network with what ip shows in the container and where
// its engine is.
func (m *machine) checkNetwork(t *testing.T, c container, s report.Start) {
	t.Helper()
	var want []report.Veth
	if c.hasVeth() {
		checkNetworkTime(t, s)
		want = []report.Veth{m.veth(t, c)}
		if c.address != "" && c.address != want[0].Address {
			t.Errorf("ip shows the address %s, inspect %s", want[0].Address, c.address)
		}
	}
	isResolver := func(o report.Operation) bool { return o.Attributes["rule"] == "-N DOCKER_OUTPUT" }
	if has := slices.ContainsFunc(s.OperationsNamed("iptables"), isResolver); has != c.way.resolver {
		t.Errorf("rules for Docker's resolver: %t, want %t: %+v", has, c.way.resolver, s.OperationsNamed("iptables"))
	}
	if c.way.proxied && len(s.OperationsNamed("proxy")) == 0 {
		t.Error("nothing forwards the published port")
	}
	if c.way.daemon != "" && slices.Contains(s.Degraded, "operation_veth") {
		want = nil // without fentry and kprobe, an exporter sees interfaces in its own network namespace only
	}
	if len(want) != s.Counts.Veths || !slices.Equal(s.Veths, want) {
		t.Errorf("veths %+v, %d counted; ip shows %+v", s.Veths, s.Counts.Veths, want)
	}
}

// checkNetworkTime checks that a start has one network time, which lies in the start and
// covers what set up the network.
func checkNetworkTime(t *testing.T, s report.Start) {
	t.Helper()
	whole := s.OperationsNamed("network")
	parts := slices.Concat(s.OperationsNamed("netns"), s.OperationsNamed("veth"), s.OperationsNamed("iptables"), s.OperationsNamed("proxy"), s.OperationsNamed("cni"))
	if len(whole) != 1 || len(s.OperationsNamed("netns")) != 1 {
		t.Fatalf("network %+v of %+v; want one, and one netns", whole, parts)
	}
	if n := whole[0]; n.Begin < 0 || n.Duration <= 0 || n.Begin+n.Duration > s.Duration {
		t.Errorf("network from %d for %d; the start lasts %d", n.Begin, n.Duration, s.Duration)
	}
	for _, part := range parts {
		if part.Begin < whole[0].Begin || part.Duration > whole[0].Duration {
			t.Errorf("network from %d for %d; its part %s from %d for %d", whole[0].Begin, whole[0].Duration, part.Name, part.Begin, part.Duration)
		}
	}
}

// hasVeth returns whether a veth pair was made for the container: the containers of a pod
// share that of its sandbox.
func (c container) hasVeth() bool { return c.way.bridged && (c.way.engine != "cri" || c.image == "") }

// veth returns the veth pair of a container: the index of its other end is that in the
// network namespace of the engine.
func (m *machine) veth(t *testing.T, c container) (v report.Veth) {
	t.Helper()
	engine := "1"
	if c.way.daemon != "" {
		engine = m.run(t, "cat", c.way.daemon)
	}
	v.Host, v.Container, v.Address = host.Veth(m.links(t, c.pid), m.links(t, engine))
	return v
}

// links returns the interfaces in the network namespace of a process on the machine.
func (m *machine) links(t *testing.T, pid string) []host.Link {
	t.Helper()
	return host.ParseLinks(t, m.run(t, "nsenter", "-t", pid, "-n", "ip", "-json", "address"))
}
