package e2e

import (
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// TestEngineTrace makes containerd trace itself: it passes its trace context to
// the CNI plugins, and the sandbox's start continues that trace, below one of
// containerd's spans.
func TestEngineTrace(t *testing.T) {
	const address = "127.0.0.1:4318" // in containerd's network namespace
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+address)
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
	c := containerds[1].start(t)
	netnsPID := c.Cmd.Process.Pid
	sink := receiveInNetns(t, netnsPID, address)
	w := watchInNetns(t, netnsPID)

	p := c.pod(t, "traced")
	ids := []string{p.sandbox.id, p.containers[0].id, p.containers[1].id}
	records := w.wait(t, ids...)
	sandbox := records[p.sandbox.id]
	parts := strings.Split(sandbox.TraceParent, "-")
	if len(parts) != 4 || parts[1] != sandbox.TraceID {
		t.Fatalf("the sandbox's start has trace %s of %q", sandbox.TraceID, sandbox.TraceParent)
	}
	var above host.Span
	host.WaitFor(t, 20*time.Second, "containerd's own span "+sandbox.TraceParent, func() bool {
		all := decodeLines[host.Span](t, sink.Stdout.String())
		i := slices.IndexFunc(all, func(s host.Span) bool { return s.TraceID == parts[1] && s.SpanID == parts[2] })
		if i >= 0 {
			above = all[i]
		}
		return i >= 0
	}, func() string { return sink.Stdout.String() + c.Stderr.String() })
	if above.Resource["service.name"] != "containerd" || above.Start.After(sandbox.Begin.Add(time.Duration(sandbox.Duration))) {
		t.Errorf("the start is below %q of %v, from %v on; it began at %v", above.Name, above.Resource, above.Start, sandbox.Begin)
	}
	t.Logf("the sandbox's start is below containerd's %q", above.Name)
	for _, one := range p.containers {
		// The runtime gets no trace context, because its shim does not trace.
		if r := records[one.id]; r.TraceParent != "" || r.TraceID == sandbox.TraceID {
			t.Errorf("a container's start has trace %s of %q", r.TraceID, r.TraceParent)
		}
	}
}

// receiveInNetns is receive in the network namespace of a process.
func receiveInNetns(t *testing.T, pid int, address string) *host.Process {
	t.Helper()
	inside := []string{"-t", strconv.Itoa(pid), "--net", "--"}
	must(t, exec.Command("nsenter", append(inside, "ip", "link", "set", "lo", "up")...))
	p := host.Start(t, exec.Command("nsenter", append(inside, buildSink(t), "-http", address)...))
	waitReceiver(t, p)
	return p
}
