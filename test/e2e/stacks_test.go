package e2e

import (
	"slices"
	"testing"

	"container_start_exporter/test/host"
)

// row is one way to start containers on a stack; start returns what is expected of
// them.
type row struct {
	name  string
	start func(t *testing.T) []expectation
}

// TestStacks starts containers in every way on every stack.
func TestStacks(t *testing.T) {
	host.NeedRoot(t)
	stacks := []struct {
		name string
		// rows starts the stack; netnsPID is a process in the stack's network namespace.
		rows func(t *testing.T) (netnsPID int, rows []row)
	}{
		{"Docker 20.10", dockerRows},
		{"moby 2", mobyRows},
		{containerds[0].name, containerds[0].rows},
		{containerds[1].name, containerds[1].rows},
		{"podman, crun, CNI", podmanRows("crun", "cni")},
		{"podman, runc, CNI", podmanRows("runc", "cni")},
		{"podman, crun, netavark", podmanRows("crun", "netavark")},
	}
	for _, stack := range stacks {
		t.Run(stack.name, func(t *testing.T) {
			netnsPID, rows := stack.rows(t)
			w := watchInNetns(t, netnsPID)
			for _, r := range rows {
				t.Run(r.name, func(t *testing.T) {
					recordEvents(t, stack.name+" "+r.name, netnsPID)
					checkRow(t, w, netnsPID, r.start(t))
				})
			}
		})
	}
}

// checkRow compares what the exporter reports with what is expected.
func checkRow(t *testing.T, w *watcher, netnsPID int, wants []expectation) {
	t.Helper()
	var ids []string
	for _, one := range wants {
		ids = append(ids, one.id)
	}
	w.wait(t, ids...)
	sandboxes := map[string]string{} // trace ids by container id
	for _, one := range decodeLines[namedRecord](t, w.Stdout.String()) {
		i := slices.IndexFunc(wants, func(x expectation) bool { return x.id == one.ContainerID })
		if i < 0 {
			continue
		}
		wants[i].check(t, one, netnsPID)
		if one.Kind == "sandbox" {
			sandboxes[one.ContainerID] = one.TraceID
		} else if id := wants[i].pod.SandboxID; id != "" && (one.Pod == nil || one.Pod.SandboxTraceID != sandboxes[id]) {
			t.Errorf("%s: pod %+v; its sandbox's start is %s", one.ContainerID, one.Pod, sandboxes[id])
		}
	}
}

// rows starts containerd and returns the ways to start containers with it.
func (g generation) rows(t *testing.T) (netnsPID int, rows []row) {
	c := g.start(t)
	return c.Cmd.Process.Pid, []row{
		{"ctr run", func(t *testing.T) []expectation { return []expectation{c.task(t)} }},
		{"CRI", func(t *testing.T) []expectation { return c.expectPod(t, g, "web") }},
	}
}

// task starts a container with ctr.
func (c *containerd) task(t *testing.T) expectation {
	t.Helper()
	return expectation{
		container: c.runSleeping(t), engine: "containerd", kind: "container", network: netEmpty,
		phases: phases("runc", "shim"), operations: []string{"rootfs_mount", "shim", "cgroup", "pivot_root"},
	}
}

// expectPod starts a pod over CRI and returns what is expected of its starts.
func (c *containerd) expectPod(t *testing.T, g generation, name string) []expectation {
	t.Helper()
	p := c.pod(t, name)
	inPod := podName{Name: name, Namespace: "e2e", UID: "uid-of-" + name, SandboxID: p.sandbox.id}
	wants := []expectation{{
		container: p.sandbox, engine: "cri", kind: "sandbox", network: netBridge, pod: inPod,
		phases:     phases("runc", "prepare", "shim"),
		operations: []string{"rootfs_mount", "shim", "cgroup", "pivot_root", "cni", "iptables"},
		plugins:    []string{"loopback", "bridge", "host-local", "portmap"},
	}}
	for i, one := range p.containers {
		wants = append(wants, expectation{
			container: one, engine: "cri", kind: "container", network: netJoined, pod: inPod,
			name: []string{"first", "second"}[i], image: fullImage,
			phases:     phases("runc", g.podPhase),
			operations: []string{"rootfs_mount", "cgroup", "pivot_root"},
		})
	}
	return wants
}

// podmanRows returns the starts by podman.
func podmanRows(runtime, backend string) func(t *testing.T) (netnsPID int, rows []row) {
	return func(t *testing.T) (netnsPID int, rows []row) {
		p := needPodman(t, runtime, backend)
		one := func(name, network string, args ...string) row {
			return row{name, func(t *testing.T) []expectation {
				return []expectation{p.expect(t, p.detach(t, args...), "container", network)}
			}}
		}
		return p.holder.Cmd.Process.Pid, []row{
			one("default network", netBridge),
			one("published port", netBridge, "-p", "18081:80"),
			one("no network", netEmpty, "--network", "none"),
			one("host network", netHost, "--network", "host"),
			{"pod", func(t *testing.T) []expectation {
				started := p.pod(t, "web")
				wants := []expectation{p.expect(t, started.sandbox, "sandbox", netBridge)}
				for _, c := range started.containers {
					e := p.expect(t, c, "container", netJoined)
					e.pod = podName{SandboxID: started.sandbox.id}
					wants = append(wants, e)
				}
				return wants
			}},
		}
	}
}

// expect returns what is expected of a container that podman has started.
func (p *podman) expect(t *testing.T, c container, kind, network string) expectation {
	t.Helper()
	e := expectation{
		container: c, engine: "podman", kind: kind, network: network,
		name: p.inspect(t, c.id, "{{.Name}}"), image: fullImage,
		phases:     phases(p.runtime, "prepare", "shim"),
		operations: []string{"rootfs_mount", "shim", "cgroup", "pivot_root"},
	}
	switch {
	case network != netBridge:
	case p.network == "cni":
		e.operations = append(e.operations, "cni", "iptables")
		e.plugins = []string{"bridge", "host-local", "portmap", "firewall", "tuning"}
	default:
		e.operations = append(e.operations, p.network, "iptables")
	}
	return e
}
