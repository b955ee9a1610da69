package e2e

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// thickNetwork is cniNetwork by a thick plugin.
var thickNetwork = strings.Replace(cniNetwork, `{"type": "bridge",`, `{"type": "cse-thick",`, 1)

// thickPlugin is a plugin that is a script and sets nothing up: it hands its request to a
// daemon, which has the directory of the script, and prints the answer.
const thickPlugin = `#!/bin/sh
request=$(mktemp -d "${0%/*}/../requests/XXXXXX") || exit
env | grep ^CNI_ > "$request/env"
cat > "$request/config"
mkfifo "$request/answer"
echo "$request" > "${0%/*}/../queue"
cat "$request/answer"
exit "$(cat "$request/status")"
`

// TestThickPlugin starts a pod whose network a thick plugin sets up: what its daemon
// executes, a process that nobody watches, belongs to the start of the pod's sandbox.
func TestThickPlugin(t *testing.T) {
	g := containerds[0]
	g.network = thickNetwork
	g.config = strings.Replace(g.config, `"/usr/lib/cni"`, `"%[1]s/plugins"`, 1)
	c := g.start(t)
	c.serveThickPlugin(t)
	netnsPID := c.Cmd.Process.Pid
	w := watchInNetns(t, netnsPID)
	recordEvents(t, "thick plugin", netnsPID)
	wants := c.expectPod(t, g, "thick")
	wants[0].plugins = []string{"loopback", "cse-thick", "bridge", "host-local", "portmap"}
	checkRow(t, w, netnsPID, wants)
}

// serveThickPlugin installs the thick plugin, beside those that containerd executes
// itself, and executes its delegates until the test ends.
func (c *containerd) serveThickPlugin(t *testing.T) {
	t.Helper()
	c.write(t, "plugins/cse-thick", thickPlugin)
	if err := os.Chmod(filepath.Join(c.dir, "plugins/cse-thick"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, plugin := range []string{"loopback", "portmap"} {
		if err := os.Symlink("/usr/lib/cni/"+plugin, filepath.Join(c.dir, "plugins", plugin)); err != nil {
			t.Fatal(err)
		}
	}
	queue := filepath.Join(c.dir, "queue")
	if err := unix.Mkfifo(queue, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(c.dir, "requests"), 0o755); err != nil {
		t.Fatal(err)
	}
	requests, err := os.OpenFile(queue, os.O_RDWR, 0) // as a writer too, so that it does not end
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { requests.Close() })
	go func() {
		for lines := bufio.NewScanner(requests); lines.Scan(); {
			if err := c.delegate(lines.Text()); err != nil {
				t.Error(err)
			}
		}
	}()
}

// delegate executes the plugin bridge for a request in a directory, in containerd's network
// namespace, and answers it.
func (c *containerd) delegate(request string) error {
	env, err := os.ReadFile(filepath.Join(request, "env"))
	if err != nil {
		return fmt.Errorf("a request to the thick plugin: %w", err)
	}
	config, err := os.Open(filepath.Join(request, "config"))
	if err != nil {
		return fmt.Errorf("a request to the thick plugin: %w", err)
	}
	defer config.Close()
	cmd := exec.Command("nsenter", "-t", strconv.Itoa(c.Cmd.Process.Pid), "--net", "--", "/usr/lib/cni/bridge")
	cmd.Env = append(os.Environ(), strings.Fields(string(env))...)
	cmd.Env = append(cmd.Env, "CNI_PATH=/usr/lib/cni")
	cmd.Stdin = config
	answer, _ := cmd.Output() // on failure too: an error, as the specification has it
	status := strconv.Itoa(cmd.ProcessState.ExitCode())
	if err := os.WriteFile(filepath.Join(request, "status"), []byte(status), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(request, "answer"), answer, 0o600)
}
