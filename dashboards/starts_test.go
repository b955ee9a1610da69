package dashboards

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

func TestMain(m *testing.M) { os.Exit(host.Main(m)) }

// endsInTime ends a program at the end of the test, which fails if that takes too
// long.
func endsInTime(t *testing.T, p *host.Process) {
	t.Helper()
	t.Cleanup(func() {
		if err := p.End(syscall.SIGTERM, 15*time.Second); err != nil {
			t.Errorf("%v\n%s", err, p.Stderr.String())
		}
	})
}

// startContainers starts bare containers, all with an OCI hook, for the time d:
// in each round, one listens, one fails, and a program is executed in one. Beside them, a
// CNI plugin succeeds and fails.
func startContainers(t *testing.T, d time.Duration) {
	t.Helper()
	listens := bundle(t, "/bin/sh", "-c", "/bin/httpd -p 8080; exec /bin/sleep 0.05")
	fails := bundle(t, "/missing")
	runs := bundle(t, "/bin/sleep", "60")
	round := 0
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		round++
		id := fmt.Sprintf("dashboards-%d-%d", os.Getpid(), round)
		runc(t, true, "run", "--bundle", listens, id+"-listens")
		runc(t, false, "run", "--bundle", fails, id+"-fails")
		runc(t, true, "run", "--detach", "--bundle", runs, id+"-runs")
		runc(t, true, "exec", id+"-runs", "/bin/true")
		runc(t, true, "delete", "--force", id+"-runs")
		plugin(t, true, "DEL", "")
		plugin(t, false, "ADD", "/run/netns/"+id)
	}
	t.Logf("%d rounds", round)
}

// runc runs a command of runc that has to succeed, or to fail.
func runc(t *testing.T, succeeds bool, args ...string) {
	t.Helper()
	// a file, not a buffer: a detached container would keep the pipe open
	output, err := os.CreateTemp(t.TempDir(), "runc")
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	cmd := exec.Command("runc", args...)
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Run(); (err == nil) != succeeds {
		text, _ := os.ReadFile(output.Name())
		t.Fatalf("runc %v: %v\n%s", args, err, text)
	}
}

// plugin executes the CNI plugin loopback on a network namespace, which has to succeed, or
// to fail.
func plugin(t *testing.T, succeeds bool, command, netns string) {
	t.Helper()
	const path = "/usr/lib/cni/loopback"
	host.NeedFile(t, path, "containernetworking-plugins")
	cmd := exec.Command(path)
	cmd.Stdin = strings.NewReader(`{"cniVersion": "0.4.0", "name": "dashboards", "type": "loopback"}`)
	cmd.Env = []string{"CNI_COMMAND=" + command, "CNI_CONTAINERID=dashboards", "CNI_IFNAME=lo", "CNI_PATH=/usr/lib/cni", "CNI_NETNS=" + netns}
	if out, err := cmd.CombinedOutput(); (err == nil) != succeeds {
		t.Fatalf("loopback %s: %v\n%s", command, err, out)
	}
}

// bundle makes a bundle that executes args and returns its directory.
func bundle(t *testing.T, args ...string) string {
	t.Helper()
	root, err := host.Rootfs()
	if err != nil {
		t.Fatal(err)
	}
	dir := host.Bundle(t, root, args...)
	host.ChangeSpec(t, dir, func(spec map[string]any) {
		spec["hooks"] = map[string]any{"createRuntime": []any{map[string]any{"path": "/bin/true"}}}
	})
	return dir
}
