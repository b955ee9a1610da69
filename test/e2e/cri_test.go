package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/tools"
)

// cniNetwork is the CNI configuration of a pod's network: a format, whose argument
// is the directory of the addresses in use.
const cniNetwork = `{
  "cniVersion": "0.4.0",
  "name": "e2e",
  "plugins": [
    {"type": "bridge", "bridge": "cse-e2e0", "isGateway": true, "ipMasq": true,
     "ipam": {"type": "host-local", "dataDir": "%[1]s/addresses", "ranges": [[{"subnet": "10.213.0.0/24"}]],
              "routes": [{"dst": "0.0.0.0/0"}]}},
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
`

// criClient starts a pod as a kubelet does.
var criClient = &tools.Set{Module: "test/e2e/testdata/cri", Packages: []string{"."}}

// pod is a pod that runs until the end of the test: its sandbox and containers.
type pod struct {
	name       string
	sandbox    container
	containers []container
}

// pod starts a pod with two containers.
func (c *containerd) pod(t *testing.T, name string) pod {
	t.Helper()
	started := pod{name: name}
	for i, id := range c.podOf(t, name, "first", "second") {
		one := container{id, c.pid(t, "k8s.io", id), "runc"}
		if i == 0 {
			started.sandbox = one
		} else {
			started.containers = append(started.containers, one)
		}
	}
	return started
}

// podOf starts a pod with containers as a kubelet does, which run until the end of
// the test, and returns the ids of its sandbox and of the containers.
func (c *containerd) podOf(t *testing.T, name string, containers ...string) []string {
	t.Helper()
	client := filepath.Join(criClient.Need(t), "cri")
	cmd := exec.Command(client, append([]string{"unix://" + c.socket(), fullImage, name}, containers...)...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := host.Launch(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // the client then removes the pod
		select {
		case <-p.Exited:
		case <-time.After(30 * time.Second):
			t.Fatalf("pod %s is not removed: %s", name, p.Stderr.String())
		}
		if code := p.Cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("the client of pod %s: exit code %d: %s", name, code, p.Stderr.String())
		}
	})
	explain := func() string { return p.Stderr.String() + c.Stderr.String() }
	host.WaitFor(t, time.Minute, "pod "+name, func() bool {
		if !p.Running() {
			t.Fatalf("the client of pod %s ended\n%s", name, explain())
		}
		return strings.Count(p.Stdout.String(), "\n") == 1+len(containers)
	}, explain)
	return strings.Fields(p.Stdout.String())
}
