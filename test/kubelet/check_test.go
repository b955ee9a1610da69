package kubelet

import (
	"path"
	"slices"
	"strings"
	"testing"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/report"
)

// The phases of the starts of a sandbox with a network of its own, and of a container.
var (
	containerPhases = []string{"prepare", "create", "cgroup", "namespaces", "rootfs", "init", "wait", "start"}
	sandboxPhases   = slices.Insert(slices.Clone(containerPhases), 1, "shim")
)

// checkPod compares a pod's starts with what kubelet reported of the pod.
func (n *node) checkPod(t *testing.T, p pod, starts []report.Start) {
	t.Helper()
	if p.workload() == "refused" {
		checkRefused(t, p, starts)
		return
	}
	byName := map[string][]report.Start{} // the sandbox has no name
	for _, s := range starts {
		n.checkStart(t, p, s)
		byName[s.Name] = append(byName[s.Name], s)
	}
	if sandboxes := byName[""]; len(sandboxes) != 1 || sandboxes[0].Kind != "sandbox" {
		t.Errorf("%d sandboxes", len(sandboxes))
	} else {
		checkSandbox(t, p, sandboxes[0])
	}
	delete(byName, "")
	for _, c := range p.containers() {
		checkContainer(t, p, c, byName[c.Name])
		delete(byName, c.Name)
	}
	for name := range byName {
		t.Errorf("kubelet knows no container %q", name)
	}
}

// checkStart checks what is true of each start of a pod.
func (n *node) checkStart(t *testing.T, p pod, s report.Start) {
	t.Helper()
	if err := s.Partition(); err != nil {
		t.Error(err)
	}
	if s.Engine != "cri" || s.Runtime != "runc" || len(s.Spoiled()) > 0 {
		t.Errorf("engine %s, runtime %s, degraded %v", s.Engine, s.Runtime, s.Spoiled())
	}
	if s.Pod.Name != p.Metadata.Name || s.Pod.Namespace != p.Metadata.Namespace || s.Pod.UID != p.Metadata.UID {
		t.Errorf("pod %+v, kubelet says %+v", s.Pod, p.Metadata)
	}
	quality := map[string]string{"Guaranteed": "", "Burstable": "burstable", "BestEffort": "besteffort"}[p.Status.QOSClass]
	if want := path.Join(n.cgroup, "kubepods", quality, "pod"+p.Metadata.UID, s.ContainerID); s.Cgroup.Path != want {
		t.Errorf("cgroup %s, want %s", s.Cgroup.Path, want)
	}
	made := slices.DeleteFunc(slices.Clone(s.Made), func(namespace string) bool { return namespace == "cgroup" })
	if want := p.namespaces(s.Kind); !slices.Equal(made, want) {
		t.Errorf("namespaces %v of a %s, want %v", made, s.Kind, want)
	}
	phases := containerPhases
	if s.Kind == "sandbox" {
		phases = sandboxPhases
	}
	if s.Outcome == "failed" {
		phases = phases[:slices.Index(phases, s.FailedPhase)+1]
	}
	if s.Kind == "sandbox" && p.Spec.HostNetwork {
		phases = phases[1:] // its shim comes first
	}
	if !slices.Equal(s.PhaseNames(), phases) {
		t.Errorf("phases %v, want %v", s.PhaseNames(), phases)
	}
}

// checkRefused checks the sandboxes of a pod to which the last CNI plugin refuses the network.
func checkRefused(t *testing.T, p pod, starts []report.Start) {
	t.Helper()
	if len(starts) == 0 {
		t.Error("no sandbox")
	}
	for _, s := range starts {
		if s.Kind != "sandbox" || s.Engine != "cri" || s.Outcome != "failed" || s.FailedPhase != "prepare" || s.ErrorType != "network" {
			t.Errorf("a %s by %s has %s in %q: %s", s.Kind, s.Engine, s.Outcome, s.FailedPhase, s.ErrorType)
		}
		if want := "CNI plugin refuse failed with exit code 1"; s.Error != want {
			t.Errorf("%q, want %q", s.Error, want)
		}
		if s.Pod.Name != p.Metadata.Name || s.Pod.Namespace != p.Metadata.Namespace || s.Pod.UID != p.Metadata.UID {
			t.Errorf("pod %+v, kubelet says %+v", s.Pod, p.Metadata)
		}
		if err := s.Partition(); err != nil {
			t.Error(err)
		}
	}
}

// checkSandbox compares a sandbox's network with the pod's.
func checkSandbox(t *testing.T, p pod, s report.Start) {
	t.Helper()
	if s.Outcome != "started" || s.Pod.SandboxID != s.ContainerID {
		t.Errorf("the sandbox %s has %s, of the sandbox %s: %s", s.ContainerID, s.Outcome, s.Pod.SandboxID, s.Error)
	}
	if p.Spec.HostNetwork {
		if len(s.Veths) > 0 {
			t.Errorf("veths %v of a pod in the node's network", s.Veths)
		}
		return
	}
	if len(s.Veths) != 1 || s.Veths[0].Container != "eth0" || !strings.HasPrefix(s.Veths[0].Host, "veth") ||
		p.Status.PodIP != "" && s.Veths[0].Address != p.Status.PodIP+"/24" {
		t.Errorf("veths %+v, the pod's address is %s", s.Veths, p.Status.PodIP)
	}
	plugins := map[string]int{}
	for _, o := range s.Operations {
		if o.Name == "cni" {
			plugins[o.Attributes["plugin"]]++
		}
	}
	for _, want := range []string{"loopback", "bridge", "host-local", "portmap", "refuse"} {
		if plugins[want] != 1 {
			t.Errorf("CNI plugins %v, want one %s", plugins, want)
		}
	}
}

// checkContainer compares the starts of a container, which may have been restarted, with its
// status.
func checkContainer(t *testing.T, p pod, c containerStatus, starts []report.Start) {
	t.Helper()
	restarts := slices.Contains([]string{"crashing", "missing"}, p.workload())
	if n := len(starts); n != c.RestartCount+1 && (!restarts || n < c.RestartCount+1) {
		t.Errorf("%s: %d starts after %d restarts", c.Name, n, c.RestartCount)
	}
	outcome, phase := "started", ""
	if p.workload() == "missing" {
		outcome, phase = "failed", "init"
	}
	known := false
	for _, s := range starts {
		known = known || "containerd://"+s.ContainerID == c.ContainerID
		if s.Kind != "container" || s.Image != host.FullImage || s.Outcome != outcome || s.FailedPhase != phase {
			t.Errorf("%s: a %s of %q has %s in %q: %s", c.Name, s.Kind, s.Image, s.Outcome, s.FailedPhase, s.Error)
		}
		if p.workload() == "volumes" {
			checkVolumes(t, s, 40)
		}
	}
	if !known {
		t.Errorf("%s: no start of %s", c.Name, c.ContainerID)
	}
}

// checkVolumes checks that a start has mounted each of n volumes.
func checkVolumes(t *testing.T, s report.Start, n int) {
	t.Helper()
	mounted := map[string]bool{}
	for _, o := range s.Operations {
		if target := o.Attributes["target"]; o.Name == "mount" && o.Attributes["type"] == "bind" && path.Base(path.Dir(target)) == "mnt" {
			mounted[path.Base(target)] = true
		}
	}
	if len(mounted) != n {
		t.Errorf("%d volumes are mounted, want %d", len(mounted), n)
	}
}
