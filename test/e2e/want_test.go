package e2e

import (
	"os/exec"
	"slices"
	"strconv"
	"testing"

	"container_start_exporter/test/host"
)

// The networks that a container can have.
const (
	netBridge = "bridge" // a namespace and a veth of its own
	netEmpty  = "empty"  // a namespace of its own, with nothing in it
	netJoined = "joined" // the namespace of its pod's sandbox
	netHost   = "host"   // the namespace of its engine
)

// expectation is what the exporter must report of one start.
type expectation struct {
	container
	engine, kind, network string
	phases                []string
	operations            []string // names, of which each occurs at least once
	plugins               []string // CNI plugins, each executed once
	name, image           string
	pod                   podName
	extra                 func(t *testing.T, d namedRecord) // further checks
}

// podName is the pod of a start, as it is documented.
type podName struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	UID       string `json:"uid"`
	SandboxID string `json:"sandbox_id"`
}

// namedRecord is a start with the names of its pod.
type namedRecord struct {
	record
	Pod *struct {
		podName
		SandboxTraceID string `json:"sandbox_trace_id"`
	} `json:"pod"`
}

// phases returns the phases of a start in two steps by a runtime, after the first
// ones given.
func phases(runtime string, first ...string) []string {
	return append(append(slices.Clone(first), setUpPhases(runtime)...), "wait", "start")
}

func (e expectation) check(t *testing.T, d namedRecord, netnsPID int) {
	t.Helper()
	checkRecord(t, d.record)
	if d.Outcome != "started" || d.Error != "" {
		t.Errorf("%s: %s in %q: %s", e.id, d.Outcome, d.FailedPhase, d.Error)
	}
	if d.Engine != e.engine || d.Runtime != e.runtime || d.Kind != e.kind {
		t.Errorf("%s: engine %s, runtime %s, kind %s; want %s, %s, %s", e.id, d.Engine, d.Runtime, d.Kind, e.engine, e.runtime, e.kind)
	}
	if !slices.Equal(d.phaseNames(), e.phases) {
		t.Errorf("%s: phases %v; want %v", e.id, d.phaseNames(), e.phases)
	}
	if d.PID != e.container.pid {
		t.Errorf("%s: pid %d; the engine says %d", e.id, d.PID, e.container.pid)
	}
	if d.Name != e.name || d.Image != e.image {
		t.Errorf("%s: name %q, image %q; want %q, %q", e.id, d.Name, d.Image, e.name, e.image)
	}
	if e.pod != (podName{}) && (d.Pod == nil || d.Pod.podName != e.pod) {
		t.Errorf("%s: pod %+v; want %+v", e.id, d.Pod, e.pod)
	}
	for _, name := range []string{"mnt", "uts", "ipc", "pid", "net"} {
		if real := namespace(t, e.container.pid, name); d.Namespaces[name] != real {
			t.Errorf("%s: namespace %s:[%d]; %d in /proc", e.id, name, d.Namespaces[name], real)
		}
	}
	e.checkOperations(t, d)
	e.checkNetwork(t, d, netnsPID)
	if e.extra != nil {
		e.extra(t, d)
	}
}

func (e expectation) checkOperations(t *testing.T, d namedRecord) {
	t.Helper()
	for _, name := range e.operations {
		if len(d.operations(name)) == 0 {
			t.Errorf("%s: no operation %s", e.id, name)
		}
	}
	var plugins []string
	for _, one := range d.operations("cni") {
		plugins = append(plugins, one.Attributes["plugin"])
	}
	slices.Sort(plugins)
	if expected := slices.Sorted(slices.Values(e.plugins)); !slices.Equal(plugins, expected) {
		t.Errorf("%s: plugins %v; want %v", e.id, plugins, expected)
	}
	for _, one := range d.Operations {
		if one.Begin < 0 || one.Phase != "" && d.phase(one.Phase) == (phase{}) {
			t.Errorf("%s: operation %s begins at %d in phase %q, which the start does not have", e.id, one.Name, one.Begin, one.Phase)
		}
	}
	if n := len(d.operations("mount")); n < 20 || n != d.Counts.Mounts {
		t.Errorf("%s: %d mounts, %d counted", e.id, n, d.Counts.Mounts)
	}
}

// checkNetwork compares the recorded network with the container's real one;
// netnsPID is a process in the engine's network namespace.
func (e expectation) checkNetwork(t *testing.T, d namedRecord, netnsPID int) {
	t.Helper()
	namespaces, pairs := 0, 0
	switch e.network {
	case netBridge:
		namespaces, pairs = 1, 1
	case netEmpty:
		namespaces = 1
	}
	if n := len(d.operations("netns")); n != namespaces {
		t.Errorf("%s: %d network namespaces created; want %d", e.id, n, namespaces)
	}
	if n := len(d.operations("network")); n != namespaces {
		t.Errorf("%s: %d operations network; want %d", e.id, n, namespaces)
	}
	if len(d.operations("veth")) != pairs || len(d.Veths) != pairs || d.Counts.Veths != pairs {
		t.Errorf("%s: veths %v, %d counted; want %d", e.id, d.Veths, d.Counts.Veths, pairs)
	} else if pairs == 1 {
		name, container, address := e.veth(t, netnsPID)
		if v := d.Veths[0]; v.Host != name || v.Container != container || v.Address != address {
			t.Errorf("%s: veth %+v; the host has %s, the container %s with %s", e.id, v, name, container, address)
		}
	}
}

// veth returns the names of the two ends of the container's veth and its address, read
// with ip.
func (e expectation) veth(t *testing.T, netnsPID int) (name, container, address string) {
	t.Helper()
	return host.Veth(links(t, e.container.pid), links(t, netnsPID))
}

// links returns the interfaces in a process's network namespace.
func links(t *testing.T, pid int) []host.Link {
	t.Helper()
	return host.ParseLinks(t, must(t, exec.Command("nsenter", "-t", strconv.Itoa(pid), "-n", "ip", "-json", "address")))
}
