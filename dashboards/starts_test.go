package dashboards

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startExporter builds the exporter, starts it and waits until its probes are
// attached. It returns the address that the exporter listens on.
func startExporter(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "container_start_exporter")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/container_start_exporter").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	address := freeAddress(t)
	log := launch(t, exec.Command(binary, "serve", "--web.listen-address="+address))
	waitFor(t, "the probes to be attached", log, func() bool { return answers("http://" + address + "/-/ready") })
	return address
}

// startContainers starts bare containers, all with an OCI hook, for the time d:
// in each round, one listens, one fails, and a program is executed in one.
func startContainers(t *testing.T, d time.Duration) {
	t.Helper()
	root := rootfs(t)
	listens := bundle(t, root, "/bin/sh", "-c", "/bin/httpd -p 8080; exec /bin/sleep 0.05")
	fails := bundle(t, root, "/missing")
	runs := bundle(t, root, "/bin/sleep", "60")
	round := 0
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		round++
		id := fmt.Sprintf("dashboards-%d-%d", os.Getpid(), round)
		runc(t, true, "run", "--bundle", listens, id+"-listens")
		runc(t, false, "run", "--bundle", fails, id+"-fails")
		runc(t, true, "run", "--detach", "--bundle", runs, id+"-runs")
		runc(t, true, "exec", id+"-runs", "/bin/true")
		runc(t, true, "delete", "--force", id+"-runs")
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

// rootfs makes a root file system with busybox and returns its path.
func rootfs(t *testing.T) string {
	t.Helper()
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(t.TempDir(), "rootfs")
	for _, dir := range []string{"bin", "dev", "proc", "sys"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(busybox)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "bin/busybox"), content, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, applet := range []string{"sh", "true", "sleep", "httpd"} {
		if err := os.Symlink("busybox", filepath.Join(root, "bin", applet)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// bundle makes a bundle that executes args and returns its directory.
func bundle(t *testing.T, root string, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	runc(t, true, "spec", "--bundle", dir)
	config := filepath.Join(dir, "config.json")
	var spec map[string]any
	if err := json.Unmarshal(readFile(t, config), &spec); err != nil {
		t.Fatal(err)
	}
	spec["root"].(map[string]any)["path"] = root
	process := spec["process"].(map[string]any)
	process["args"], process["terminal"] = args, false
	process["rlimits"] = []any{} // raising one needs CAP_SYS_RESOURCE
	spec["hooks"] = map[string]any{"createRuntime": []any{map[string]any{"path": "/bin/true"}}}
	content, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// output is what a program has written so far.
type output struct {
	mu   sync.Mutex
	data bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.data.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.data.String()
}

// launch runs a program until the test ends, and returns its output. If the test
// is killed, Pdeathsig ends the program; the kernel sends that signal when the
// thread that forked exits, so the goroutine keeps its thread until the end.
func launch(t *testing.T, cmd *exec.Cmd) *output {
	t.Helper()
	log := &output{}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	started, ended := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // a signal ends it
			close(ended)
		}
	}()
	if err := <-started; err != nil {
		t.Fatalf("start %v: %v", cmd.Args, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(15 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
			t.Errorf("%s did not end\n%s", cmd.Args[0], log)
		}
	})
	return log
}

// freeAddress returns a local address that no process listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func answers(url string) bool {
	response, err := http.Get(url)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func waitFor(t *testing.T, what string, log *output, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !condition(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("timed out waiting for %s\n%s", what, log)
		}
	}
}
