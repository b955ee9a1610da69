package e2e

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strconv"
	"testing"
)

// The networks that a container can have.
const (
	netBridge = "bridge" // a namespace and a veth of its own
	netEmpty  = "empty"  // a namespace of its own, with nothing in it
	netJoined = "joined" // that of its pod's sandbox
	netHost   = "host"   // its engine's
)

// want is what must be known of one start.
type want struct {
	held
	engine, kind, network string
	phases                []string
	operations            []string // at least one of each
	plugins               []string // the CNI plugins, each once
	name, image           string
	pod                   podName
	also                  func(t *testing.T, d described) // what else must hold
}

// podName is the pod of a start, as it is documented.
type podName struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	UID       string `json:"uid"`
	SandboxID string `json:"sandbox_id"`
}

// described is a start with what its container is called.
type described struct {
	record
	Name  string `json:"name"`
	Image string `json:"image"`
	Pod   *struct {
		podName
		SandboxTraceID string `json:"sandbox_trace_id"`
	} `json:"pod"`
}

// phases are those of a start in two steps, by a runtime, after some that come first.
func phases(runtime string, first ...string) []string {
	return append(append(slices.Clone(first), setUp(runtime)...), "wait", "start")
}

func (w want) check(t *testing.T, d described, host int) {
	t.Helper()
	checkRecord(t, d.record)
	if d.Outcome != "started" || d.Error != "" {
		t.Errorf("%s: %s in %q: %s", w.id, d.Outcome, d.FailedPhase, d.Error)
	}
	if d.Engine != w.engine || d.Runtime != w.runtime || d.Kind != w.kind {
		t.Errorf("%s: engine %s, runtime %s, kind %s; want %s, %s, %s", w.id, d.Engine, d.Runtime, d.Kind, w.engine, w.runtime, w.kind)
	}
	if !slices.Equal(d.phaseNames(), w.phases) {
		t.Errorf("%s: phases %v; want %v", w.id, d.phaseNames(), w.phases)
	}
	if d.PID != w.held.pid {
		t.Errorf("%s: pid %d; the engine says %d", w.id, d.PID, w.held.pid)
	}
	if d.Name != w.name || d.Image != w.image {
		t.Errorf("%s: name %q, image %q; want %q, %q", w.id, d.Name, d.Image, w.name, w.image)
	}
	if w.pod != (podName{}) && (d.Pod == nil || d.Pod.podName != w.pod) {
		t.Errorf("%s: pod %+v; want %+v", w.id, d.Pod, w.pod)
	}
	for _, name := range []string{"mnt", "uts", "ipc", "pid", "net"} {
		if real := namespace(t, w.held.pid, name); d.Namespaces[name] != real {
			t.Errorf("%s: namespace %s:[%d]; /proc says %d", w.id, name, d.Namespaces[name], real)
		}
	}
	w.checkOperations(t, d)
	w.checkNetwork(t, d, host)
	if w.also != nil {
		w.also(t, d)
	}
}

func (w want) checkOperations(t *testing.T, d described) {
	t.Helper()
	for _, name := range w.operations {
		if len(d.operations(name)) == 0 {
			t.Errorf("%s: no operation %s", w.id, name)
		}
	}
	var plugins []string
	for _, one := range d.operations("cni") {
		plugins = append(plugins, one.Attributes["plugin"])
	}
	slices.Sort(plugins)
	if expected := slices.Sorted(slices.Values(w.plugins)); !slices.Equal(plugins, expected) {
		t.Errorf("%s: plugins %v; want %v", w.id, plugins, expected)
	}
	for _, one := range d.Operations {
		if one.Begin < 0 || one.Phase != "" && d.phase(one.Phase) == (phase{}) {
			t.Errorf("%s: operation %s begins at %d in phase %q, which the start does not have", w.id, one.Name, one.Begin, one.Phase)
		}
	}
	if n := len(d.operations("mount")); n < 20 || n != d.Counts.Mounts {
		t.Errorf("%s: %d mounts, %d counted", w.id, n, d.Counts.Mounts)
	}
}

// checkNetwork compares the container's network with what is there; host
// is a process in the engine's.
func (w want) checkNetwork(t *testing.T, d described, host int) {
	t.Helper()
	made, pairs := 0, 0
	switch w.network {
	case netBridge:
		made, pairs = 1, 1
	case netEmpty:
		made = 1
	}
	if n := len(d.operations("netns")); n != made {
		t.Errorf("%s: %d network namespaces made; want %d", w.id, n, made)
	}
	if n := len(d.operations("network")); n != made {
		t.Errorf("%s: %d operations network; want %d", w.id, n, made)
	}
	if len(d.operations("veth")) != pairs || len(d.Veths) != pairs || d.Counts.Veths != pairs {
		t.Errorf("%s: veths %v, %d counted; want %d", w.id, d.Veths, d.Counts.Veths, pairs)
	} else if pairs == 1 {
		name, container, address := w.veth(t, host)
		if v := d.Veths[0]; v.Host != name || v.Container != container || v.Address != address {
			t.Errorf("%s: veth %+v; the host has %s, the container %s with %s", w.id, v, name, container, address)
		}
	}
}

// veth is the container's, as one finds it: the container's end names the index
// of its peer in the engine's network namespace.
func (w want) veth(t *testing.T, host int) (name, container, address string) {
	t.Helper()
	peer := 0
	for _, one := range links(t, w.held.pid) {
		if one.Name == "lo" {
			continue
		}
		container, peer = one.Name, one.Peer
		for _, a := range one.Addresses {
			if a.Family == "inet" {
				address = a.Local + "/" + strconv.Itoa(a.Length)
			}
		}
	}
	for _, one := range links(t, host) {
		if one.Index == peer {
			name = one.Name
		}
	}
	return name, container, address
}

// ipLink is an interface as ip shows it.
type ipLink struct {
	Index     int    `json:"ifindex"`
	Peer      int    `json:"link_index"`
	Name      string `json:"ifname"`
	Addresses []struct {
		Family string `json:"family"`
		Local  string `json:"local"`
		Length int    `json:"prefixlen"`
	} `json:"addr_info"`
}

// links are the interfaces in a process's network namespace.
func links(t *testing.T, pid int) []ipLink {
	t.Helper()
	var all []ipLink
	out := must(t, exec.Command("nsenter", "-t", strconv.Itoa(pid), "-n", "ip", "-json", "address"))
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		t.Fatal(err)
	}
	return all
}
