package kubelet

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/report"
)

// exporters are two on the node: one that prints each start, and one with metrics.
type exporters struct {
	node    *node
	watch   *host.Process
	serving *host.Process
}

// record keeps a test's events, the starts that are reported of them and containerd's log in
// the directory E2E_RECORD, if that is set: to see what a stack does, and for the recordings
// that are replayed.
func (n *node) record(t *testing.T, watch *host.Process) {
	t.Helper()
	dir := os.Getenv("E2E_RECORD")
	if dir == "" {
		return
	}
	events := n.launch(t, "events", host.Exporter(t), "events", "--format=json", "--buffer-size=16MiB")
	events.WaitFor(t, 30*time.Second, "the recorder to be attached", func() bool { return strings.Contains(events.Stderr.String(), "attached") })
	t.Cleanup(func() {
		_ = events.End(os.Interrupt, 20*time.Second)
		for name, content := range map[string]string{
			"events.jsonl": events.Stdout.String(), "starts.jsonl": watch.Stdout.String(), "containerd.log": n.containerd.Stderr.String(),
		} {
			if err := os.WriteFile(filepath.Join(dir, t.Name()+"."+name), []byte(content), 0o644); err != nil {
				t.Error(err)
			}
		}
	})
}

// exporterURL is where the exporter's metrics are on the node.
const exporterURL = "http://127.0.0.1:9786"

func (n *node) startExporters(t *testing.T) *exporters {
	t.Helper()
	binary := host.Exporter(t)
	e := &exporters{node: n, watch: n.launch(t, "watch", binary, "watch", "--format=json"),
		serving: n.launch(t, "serve", binary, "serve", "--web.listen-address=127.0.0.1:9786")}
	e.watch.WaitFor(t, 30*time.Second, "the exporter to be attached", func() bool { return strings.Contains(e.watch.Stderr.String(), "attached") })
	e.serving.WaitFor(t, 30*time.Second, "the exporter to be ready", func() bool { return n.get(exporterURL+"/-/ready") != "" })
	n.record(t, e.watch)
	return e
}

// stop ends the exporters and returns the starts of the node.
func (e *exporters) stop(t *testing.T) (starts []report.Start) {
	t.Helper()
	for _, p := range []*host.Process{e.watch, e.serving} {
		if err := p.End(os.Interrupt, 20*time.Second); err != nil {
			t.Error(err)
		}
		p.CheckRaces(t)
	}
	for line := range strings.Lines(e.watch.Stdout.String()) {
		var s report.Start
		if err := json.Unmarshal([]byte(line), &s); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if s.Engine == "cri" { // the host may start others
			starts = append(starts, s)
		}
	}
	return starts
}
