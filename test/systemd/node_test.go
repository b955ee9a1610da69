package systemd

import (
	"strconv"
	"strings"
	"testing"

	"container_start_exporter/test/host"
)

// TestNode takes the machine for what it is as well: a node that is a container, as kind
// and minikube make it. The exporter in it names what the node's engines start, by the
// pids of the node, and leaves out what Docker starts on the host meanwhile.
func TestNode(t *testing.T) {
	outer := host.NeedDocker(t)
	m := boot(t)
	m.giveImage(t)
	if says := m.run(t, m.exporter(t), "check"); !strings.Contains(says, "\npids        of a node that is a container") || strings.Contains(says, "--pid=host") {
		t.Errorf("check says\n%s", says)
	}

	w := m.attachTo(t, "watch", "--nested", "--format=json")
	pids := map[string]string{}
	outside := func() {
		if _, client := outer.Run(t, host.Image, "true"); client.Cmd.ProcessState.ExitCode() != 0 {
			t.Error(client.Stderr.String())
		}
	}
	for _, engine := range []string{"docker", "podman"} {
		name := "in-node-" + engine
		outside()
		m.run(t, engine, "run", "-d", "--network", "none", "--name", name, image, "sleep", "300")
		pids[name] = m.run(t, engine, "inspect", "-f", "{{.State.Pid}}", name)
		outside()
		m.run(t, engine, "rm", "-f", name)
	}
	for _, s := range w.stop(t, len(pids)) {
		if pids[s.Name] == "" || pids[s.Name] != strconv.Itoa(s.PID) || s.Image != image || s.Engine != strings.TrimPrefix(s.Name, "in-node-") {
			t.Errorf("%s: %s of %s, pid %d; the engines say %v, and %s", s.Engine, s.Name, s.Image, s.PID, pids, image)
		}
		if s.Outcome != "started" || s.Kind != "container" || len(s.Spoiled()) > 0 {
			t.Errorf("%s: a %s %s, degraded %v: %s", s.Name, s.Outcome, s.Kind, s.Spoiled(), s.Error)
		}
		delete(pids, s.Name)
	}
	if len(pids) != 0 {
		t.Errorf("not reported: %v\n%s", pids, w.Stderr.String())
	}
}
