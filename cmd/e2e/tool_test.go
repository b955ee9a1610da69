package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// build builds the exporter once for all tests and returns its path.
var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(workDir, "container_start_exporter")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", path, "container_start_exporter/cmd/container_start_exporter")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the exporter: %w\n%s", err, out)
	}
	return path, nil
})

// exporterCmd returns a command of the exporter.
func exporterCmd(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return exec.Command(path, args...)
}

// server is an exporter that runs serve.
type server struct {
	*process
	url string
}

// serve starts a server and waits until its probes are attached.
func serve(t *testing.T, env ...string) *server {
	t.Helper()
	address := freeAddress(t)
	cmd := exporterCmd(t, "serve", "--web.listen-address="+address)
	cmd.Env = append(os.Environ(), env...)
	s := &server{process: startCmd(t, cmd), url: "http://" + address}
	waitFor(t, 30*time.Second, "200 from /-/ready", func() bool {
		if !s.running() {
			t.Fatalf("serve ended\n%s", s.stderr.String())
		}
		response, err := http.Get(s.url + "/-/ready")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	}, s.stderr.String)
	return s
}

// freeAddress returns a local TCP address on which no process listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// watcher is an exporter that runs watch.
type watcher struct{ *process }

// watch starts a watcher and waits until its probes are attached.
func watch(t *testing.T) *watcher {
	t.Helper()
	return &watcher{attach(t, "watch", "--format", "json")}
}

// attach starts a subcommand and waits until it reports that its probes are
// attached.
func attach(t *testing.T, args ...string) *process {
	t.Helper()
	p := startCmd(t, exporterCmd(t, args...))
	waitFor(t, 30*time.Second, "a line beginning with attached", func() bool {
		if !p.running() {
			t.Fatalf("%v ended\n%s", args, p.stderr.String())
		}
		return strings.Contains("\n"+p.stderr.String(), "\nattached")
	}, p.stderr.String)
	return p
}

// starts returns the starts of some containers that were reported so far, in
// order.
func (w *watcher) starts(t *testing.T, ids ...string) []record {
	t.Helper()
	var found []record
	for _, one := range decodeLines[record](t, w.stdout.String()) {
		for _, id := range ids {
			if one.ContainerID == id {
				found = append(found, one)
			}
		}
	}
	return found
}

// wait waits for one start of each container and returns them by container id. It
// fails the test if there are more.
func (w *watcher) wait(t *testing.T, ids ...string) map[string]record {
	t.Helper()
	var found []record
	waitFor(t, 20*time.Second, fmt.Sprintf("the starts of %v", ids), func() bool {
		found = w.starts(t, ids...)
		return len(found) >= len(ids)
	}, func() string {
		return fmt.Sprintf("%d of %d reported\nstderr:\n%s\nstdout:\n%s", len(found), len(ids), w.stderr.String(), w.stdout.String())
	})
	byID := map[string]record{}
	for _, one := range found {
		if _, twice := byID[one.ContainerID]; twice {
			t.Errorf("container %s has more than one start", one.ContainerID)
		}
		byID[one.ContainerID] = one
	}
	return byID
}

// decodeLines decodes JSON Lines; an incomplete last line is left out.
func decodeLines[T any](t *testing.T, text string) []T {
	t.Helper()
	var all []T
	for line := range strings.Lines(text) {
		if !strings.HasSuffix(line, "\n") {
			break
		}
		var one T
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatalf("not a line of JSON: %v\n%s", err, line)
		}
		all = append(all, one)
	}
	return all
}
