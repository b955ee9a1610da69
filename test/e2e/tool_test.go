package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// exporterCmd returns a command of the exporter.
func exporterCmd(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	return exec.Command(host.Exporter(t), args...)
}

// server is an exporter that runs serve.
type server struct{ *host.Server }

// serve starts a server and waits until its probes are attached. Before it is stopped,
// at the end of the test, its counters have to add up.
func serve(t *testing.T, env ...string) *server {
	t.Helper()
	return serveWith(t, nil, env...)
}

// serveWith is serve with flags.
func serveWith(t *testing.T, flags []string, env ...string) *server {
	t.Helper()
	return checked(t, host.ServeWith(t, flags, env...))
}

// checked returns a server whose counters have to add up before it is stopped.
func checked(t *testing.T, running *host.Server) *server {
	t.Helper()
	s := &server{running}
	t.Cleanup(func() {
		if s.Running() { // some tests end it
			s.checkConservation(t)
		}
	})
	return s
}

// watcher is an exporter that runs watch.
type watcher struct{ *host.Process }

// watch starts a watcher and waits until its probes are attached.
func watch(t *testing.T) *watcher {
	t.Helper()
	return &watcher{attach(t, "watch", "--format", "json")}
}

// attach starts a subcommand and waits until it reports that its probes are
// attached.
func attach(t *testing.T, args ...string) *host.Process {
	t.Helper()
	return host.Attach(t, args...)
}

// starts returns the starts of some containers that were reported so far, in
// order.
func (w *watcher) starts(t *testing.T, ids ...string) []record {
	t.Helper()
	var found []record
	for _, one := range decodeLines[record](t, w.Stdout.String()) {
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
	host.WaitFor(t, 20*time.Second, fmt.Sprintf("the starts of %v", ids), func() bool {
		found = w.starts(t, ids...)
		return len(found) >= len(ids)
	}, func() string {
		return fmt.Sprintf("%d of %d reported\nstderr:\n%s\nstdout:\n%s", len(found), len(ids), w.Stderr.String(), w.Stdout.String())
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
