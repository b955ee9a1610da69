package e2e

import (
	"slices"
	"testing"
)

// row is a way to start containers on one stack, and what must come out.
type row struct {
	name  string
	start func(t *testing.T) []want
}

// TestStacks starts containers in each way that each stack has.
func TestStacks(t *testing.T) {
	needRoot(t)
	stacks := []struct {
		name string
		// rows starts the stack; host is a process in its network namespace.
		rows func(t *testing.T) (host int, rows []row)
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
			host, rows := stack.rows(t)
			w := watchBeside(t, host)
			for _, r := range rows {
				t.Run(r.name, func(t *testing.T) {
					keep(t, stack.name+" "+r.name, host)
					checkRow(t, w, host, r.start(t))
				})
			}
		})
	}
}

// checkRow compares what the exporter says with what it must say.
func checkRow(t *testing.T, w *watcher, host int, wants []want) {
	t.Helper()
	var ids []string
	for _, one := range wants {
		ids = append(ids, one.id)
	}
	w.wait(t, ids...)
	sandboxes := map[string]string{} // their traces
	for _, one := range decodeLines[described](t, w.stdout.String()) {
		i := slices.IndexFunc(wants, func(x want) bool { return x.id == one.ContainerID })
		if i < 0 {
			continue
		}
		wants[i].check(t, one, host)
		if one.Kind == "sandbox" {
			sandboxes[one.ContainerID] = one.TraceID
		} else if id := wants[i].pod.SandboxID; id != "" && (one.Pod == nil || one.Pod.SandboxTraceID != sandboxes[id]) {
			t.Errorf("%s: pod %+v; its sandbox's start is %s", one.ContainerID, one.Pod, sandboxes[id])
		}
	}
}

// rows are the starts on a containerd.
func (g generation) rows(t *testing.T) (host int, rows []row) {
	c := g.start(t)
	return c.cmd.Process.Pid, []row{
		{"ctr run", func(t *testing.T) []want { return []want{c.task(t)} }},
		{"CRI", func(t *testing.T) []want { return c.expectPod(t, g, "web") }},
	}
}

// task starts a container by ctr.
func (c *containerd) task(t *testing.T) want {
	t.Helper()
	return want{
		held: c.hold(t), engine: "containerd", kind: "container", network: netEmpty,
		phases: phases("runc", "shim"), operations: []string{"rootfs_mount", "shim", "cgroup", "pivot_root"},
	}
}

// expectPod starts a pod over CRI.
func (c *containerd) expectPod(t *testing.T, g generation, name string) []want {
	t.Helper()
	p := c.pod(t, name)
	who := podName{Name: name, Namespace: "e2e", UID: "uid-of-" + name, SandboxID: p.sandbox.id}
	wants := []want{{
		held: p.sandbox, engine: "cri", kind: "sandbox", network: netBridge, pod: who,
		phases:     phases("runc", "prepare", "shim"),
		operations: []string{"rootfs_mount", "shim", "cgroup", "pivot_root", "cni", "iptables"},
		plugins:    []string{"loopback", "bridge", "host-local", "portmap"},
	}}
	for i, one := range p.containers {
		wants = append(wants, want{
			held: one, engine: "cri", kind: "container", network: netJoined, pod: who,
			name: []string{"first", "second"}[i], image: fullImage,
			phases:     phases("runc", g.before),
			operations: []string{"rootfs_mount", "cgroup", "pivot_root"},
		})
	}
	return wants
}

// podmanRows are the starts by podman.
func podmanRows(runtime, backend string) func(t *testing.T) (host int, rows []row) {
	return func(t *testing.T) (host int, rows []row) {
		p := needPodman(t, runtime, backend)
		one := func(name, network string, args ...string) row {
			return row{name, func(t *testing.T) []want {
				return []want{p.expect(t, p.detach(t, args...), "container", network)}
			}}
		}
		return p.room.cmd.Process.Pid, []row{
			one("default network", netBridge),
			one("published port", netBridge, "-p", "18081:80"),
			one("no network", netEmpty, "--network", "none"),
			one("host network", netHost, "--network", "host"),
			{"pod", func(t *testing.T) []want {
				made := p.pod(t, "web")
				wants := []want{p.expect(t, made.sandbox, "sandbox", netBridge)}
				for _, h := range made.containers {
					w := p.expect(t, h, "container", netJoined)
					w.pod = podName{SandboxID: made.sandbox.id}
					wants = append(wants, w)
				}
				return wants
			}},
		}
	}
}

// expect is what must be known of a container that podman has started.
func (p *podman) expect(t *testing.T, h held, kind, network string) want {
	t.Helper()
	w := want{
		held: h, engine: "podman", kind: kind, network: network,
		name: p.inspect(t, h.id, "{{.Name}}"), image: fullImage,
		phases:     phases(p.runtime, "prepare", "shim"),
		operations: []string{"rootfs_mount", "shim", "cgroup", "pivot_root"},
	}
	switch {
	case network != netBridge:
	case p.network == "cni":
		w.operations = append(w.operations, "cni", "iptables")
		w.plugins = []string{"bridge", "host-local", "portmap", "firewall", "tuning"}
	default:
		w.operations = append(w.operations, p.network, "iptables")
	}
	return w
}
