package e2e

import (
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// endpoint is an OTLP endpoint that does not do what it should.
type endpoint struct {
	name string
	// open opens it for one test and returns its address.
	open func(t *testing.T) (address string)
	// accepts: it gets all spans in the end.
	accepts bool
	// silent: an export neither succeeds nor fails while the test runs.
	silent bool
}

var endpoints = []endpoint{
	{name: "down", open: func(t *testing.T) string { return host.FreeAddress(t) }},
	{name: "closes", open: func(t *testing.T) string {
		return acceptEach(t, func(conn net.Conn) { conn.Close() })
	}},
	{name: "slow", open: slowEndpoint, accepts: true},
	{name: "silent", open: func(t *testing.T) string {
		return acceptEach(t, func(conn net.Conn) { t.Cleanup(func() { conn.Close() }) })
	}, silent: true},
}

// acceptEach listens for one test, and does something with each connection.
func acceptEach(t *testing.T, do func(net.Conn)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			do(conn)
		}
	}()
	t.Cleanup(func() { listener.Close(); <-done })
	return listener.Addr().String()
}

// slowness is how long a slow endpoint takes for an answer.
const slowness = 2 * time.Second

// slowEndpoint answers each request after some seconds.
func slowEndpoint(t *testing.T) (address string) {
	t.Helper()
	address = host.FreeAddress(t)
	server := &http.Server{Addr: address, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		<-time.After(slowness)
	})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.ListenAndServe() // until it is closed
	}()
	t.Cleanup(func() { server.Close(); <-done })
	return address
}

// TestFaultEndpoint sends traces where they are not received as they should be:
// starts are counted at once, each span is counted as exported or dropped, and the
// exporter still ends in time.
func TestFaultEndpoint(t *testing.T) {
	r := needRuntime(t, "runc")
	for _, e := range endpoints {
		t.Run(e.name, func(t *testing.T) {
			s := serve(t, "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+e.open(t), "OTEL_BSP_SCHEDULE_DELAY=100")
			w := watch(t)
			const n = 3
			spans := 0.
			for i := range n {
				id, _ := r.run(t, "/bin/true")
				spans += float64(spanCount(w.wait(t, id)[id]))
				s.WaitFor(t, time.Second, "the start to be counted", func() bool {
					return s.scrape(t).Sum("container_starts_total", nil) == float64(i+1)
				})
			}
			if !e.silent {
				e.checkSpans(t, s, spans)
			}
			// The last start is still on its way, or waits for its batch.
			id, _ := r.run(t, "/bin/true")
			w.wait(t, id)
			terminate(t, s)
		})
	}
}

// checkSpans waits until as many spans are exported and dropped as there are, and
// checks which. A batch may have one span: after an export that took longer than its
// schedule, the SDK chooses at random whether to take the next span or to export.
func (e endpoint) checkSpans(t *testing.T, s *server, spans float64) {
	t.Helper()
	var exported, dropped float64
	host.WaitFor(t, 15*time.Second+time.Duration(spans)*slowness, "all spans to be exported or dropped", func() bool {
		m := s.scrape(t)
		exported, dropped = m.Sum("container_start_exporter_spans_exported_total", nil), m.Sum("container_start_exporter_spans_dropped_total", nil)
		return exported+dropped >= spans
	}, func() string {
		return fmt.Sprintf("%v are exported and %v dropped, of %v\n%s", exported, dropped, spans, s.Stderr.String())
	})
	if exported+dropped != spans || e.accepts != (exported == spans) || e.accepts != (dropped == 0) {
		t.Errorf("%v spans are exported and %v dropped, of %v", exported, dropped, spans)
	}
}

// spanCount returns the number of spans in the trace of a start.
func spanCount(r record) int {
	return 1 + len(r.Phases) + len(r.Operations) - len(r.operations("mount")) // mounts are span events
}
