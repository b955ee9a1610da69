package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
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

// pod is a pod that runs until the end of the test: its sandbox and containers.
type pod struct {
	name       string
	sandbox    container
	containers []container
}

// pod starts a pod with two containers as a kubelet does.
func (c *containerd) pod(t *testing.T, name string) pod {
	t.Helper()
	client := filepath.Join(criClient.need(t), "cri")
	cmd := exec.Command(client, "unix://"+c.socket(), fullImage, name, "first", "second")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := launch(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // the client then removes the pod
		select {
		case <-p.exited:
		case <-time.After(30 * time.Second):
			t.Errorf("the pod is not removed: %s", p.stderr.String())
		}
		if code := p.cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("the client of pod %s: exit code %d: %s", name, code, p.stderr.String())
		}
	})
	explain := func() string { return p.stderr.String() + c.stderr.String() }
	waitFor(t, time.Minute, "pod "+name, func() bool {
		if !p.running() {
			t.Fatalf("the client of pod %s ended\n%s", name, explain())
		}
		return strings.Count(p.stdout.String(), "\n") == 3
	}, explain)
	started := pod{name: name}
	for i, id := range strings.Fields(p.stdout.String()) {
		one := container{id, c.pid(t, "k8s.io", id), "runc"}
		if i == 0 {
			started.sandbox = one
		} else {
			started.containers = append(started.containers, one)
		}
	}
	return started
}
