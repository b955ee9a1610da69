package kubelet

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// receiver receives the exporter's traces, as an OpenTelemetry Collector does.
type receiver struct{ process *host.Process }

// receiveTraces starts a receiver on the node and returns its endpoint.
func (n *node) receiveTraces(t *testing.T) (receiver, string) {
	t.Helper()
	const address = nodeAddress + ":4318"
	p := n.launch(t, "the receiver", host.BuildModule(t, "../../exporter/trace/testdata/otlpsink"), "-http", address)
	p.WaitFor(t, 10*time.Second, "the receiver", func() bool { return strings.Contains(p.Stderr.String(), "ready") })
	return receiver{p}, "http://" + address
}

// root is the root span of a start's trace.
type root struct{ host.Span }

// attribute returns an attribute, "" if the span does not have it.
func (r root) attribute(name string) string {
	text, _ := r.Attributes[name].(string)
	return text
}

// waitForRoots waits for the root spans of a number of starts, and returns all.
func (r receiver) waitForRoots(t *testing.T, number int) (roots []root) {
	t.Helper()
	host.WaitFor(t, 30*time.Second, "the starts' traces", func() bool {
		time.Sleep(200 * time.Millisecond)
		roots = nil
		for line := range strings.Lines(r.process.Stdout.String()) {
			var s host.Span
			if json.Unmarshal([]byte(line), &s) == nil && s.Name == "container start" && s.ParentID == "" {
				roots = append(roots, root{s})
			}
		}
		return len(roots) >= number
	}, r.process.Stdout.String)
	return roots
}

// checkIDs checks that each call that has started something has one trace.
func checkIDs(t *testing.T, roots []root, started map[string]call) {
	t.Helper()
	traces := map[string]int{}
	for _, r := range roots {
		id := r.attribute("container.id")
		traces[id]++
		if _, known := started[id]; !known {
			t.Errorf("a trace of %q, which containerd has not started", id)
		}
	}
	for id := range started {
		if traces[id] != 1 {
			t.Errorf("%s, which containerd has started, has %d traces", id, traces[id])
		}
	}
}

// checkRoots compares the traces of a pod's starts with what the API has of the pod.
func checkRoots(t *testing.T, p pod, all []root) {
	t.Helper()
	byName := map[string][]root{} // the sandbox has no name
	for _, r := range all {
		if r.attribute("k8s.pod.uid") != p.Metadata.UID {
			continue
		}
		for name, want := range map[string]string{
			"k8s.pod.name": p.Metadata.Name, "k8s.namespace.name": p.Metadata.Namespace, "container_start.engine": "cri",
		} {
			if got := r.attribute(name); got != want {
				t.Errorf("%s is %q, the API has %q", name, got, want)
			}
		}
		if got := r.Resource["k8s.node.name"]; got != nodeName {
			t.Errorf("the node is %v, the API has %s", got, nodeName)
		}
		name := r.attribute("k8s.container.name")
		byName[name] = append(byName[name], r)
	}
	if s := byName[""]; len(s) != 1 || s[0].attribute("container_start.kind") != "sandbox" {
		t.Errorf("%d sandboxes", len(s))
	}
	delete(byName, "")
	for _, c := range p.containers() {
		starts := byName[c.Name]
		delete(byName, c.Name)
		if len(starts) != c.RestartCount+1 {
			t.Errorf("%s: %d starts after %d restarts", c.Name, len(starts), c.RestartCount)
		}
		if !slices.ContainsFunc(starts, func(r root) bool { return "containerd://"+r.attribute("container.id") == c.ContainerID }) {
			t.Errorf("%s: no start of %s", c.Name, c.ContainerID)
		}
		for _, r := range starts {
			if r.attribute("container_start.kind") != "container" || r.attribute("container.image.name") != c.Image {
				t.Errorf("%s: a %s of %s, the API has %s", c.Name, r.attribute("container_start.kind"), r.attribute("container.image.name"), c.Image)
			}
		}
	}
	for name := range byName {
		t.Errorf("the API has no container %q", name)
	}
}
