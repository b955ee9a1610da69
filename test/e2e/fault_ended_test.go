package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"container_start_exporter/test/host"
)

// endTimeout is how long an exporter may take to end, whatever happens around it.
const endTimeout = 5 * time.Second

// TestFaultTerminated terminates the exporter in the middle of a storm: it ends in
// time and with status 0, all spans of the starts that had ended are sent, and
// nothing stays attached.
func TestFaultTerminated(t *testing.T) {
	runc, crun := needRuntime(t, "runc"), needRuntime(t, "crun")
	sink, endpoint := receive(t)
	// with the race detector it may be seconds behind a storm
	s := &server{host.ServeStatic(t, "", "OTEL_EXPORTER_OTLP_ENDPOINT="+endpoint)}
	before := s.scrape(t)
	attached := attachedBy(t, s.Cmd.Process.Pid)
	l := startStorm(t, runc, crun)
	s.WaitFor(t, 30*time.Second, "a storm", func() bool { return l.eachStarted(10) })

	counted := tallyOf(t, before, s.scrape(t)) // before: what is counted later need not have been
	ended := l.ids()
	terminate(t, s)
	l.stop()
	checkGone(t, attached)
	checkSpansSent(t, sink, ended, counted)
}

// terminate ends a server as a service manager does.
func terminate(t *testing.T, s *server) {
	t.Helper()
	if err := s.End(syscall.SIGTERM, endTimeout); err != nil {
		t.Errorf("%v\n%s", err, s.Stderr.String())
	} else if code := s.Cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit code %d\n%s", code, s.Stderr.String())
	}
}

// checkSpansSent checks that a receiver has got a whole trace of each of the
// containers, and at least as many as the server had counted.
func checkSpansSent(t *testing.T, sink *host.Process, ids map[string]bool, counted tally) {
	t.Helper()
	roots, traces := map[any]int{}, map[string][]host.Span{}
	spans := func() []host.Span { return decodeLines[host.Span](t, sink.Stdout.String()) }
	host.WaitFor(t, 10*time.Second, "the receiver to write what it has got", func() bool {
		clear(roots)
		for _, span := range spans() {
			if span.ParentID == "" {
				roots[span.Attributes["container.id"]]++
			}
		}
		for id := range ids {
			if roots[id] == 0 {
				return false
			}
		}
		return true
	}, func() string { return fmt.Sprintf("%d of %d traces, and of others", len(roots), len(ids)) })
	for id, n := range roots {
		if n != 1 {
			t.Errorf("%d traces of %v; want 1", n, id)
		}
	}
	if float64(len(roots)) < counted.reported() {
		t.Errorf("%d traces are sent; %v starts had been counted", len(roots), counted.reported())
	}
	for _, span := range spans() {
		if traces[span.TraceID] = append(traces[span.TraceID], span); span.ParentID == "" {
			trace := traces[span.TraceID]
			trace[0], trace[len(trace)-1] = span, trace[0]
		}
	}
	for _, trace := range traces {
		checkTree(t, trace)
	}
	t.Logf("%d starts had ended and %v were counted; %d traces with %d spans", len(ids), counted.reported(), len(roots), len(spans()))
}

// TestFaultKilled kills the exporter in the middle of a storm: nothing stays
// attached, and the next one is exact.
func TestFaultKilled(t *testing.T) {
	runc, crun := needRuntime(t, "runc"), needRuntime(t, "crun")
	s := serve(t)
	attached := attachedBy(t, s.Cmd.Process.Pid)
	l := startStorm(t, runc, crun)
	s.WaitFor(t, 30*time.Second, "a storm", func() bool { return l.eachStarted(2) })
	_ = s.Cmd.Process.Kill()
	<-s.Exited
	l.stop()
	checkGone(t, attached)
	checkAfterwards(t, serve(t), watch(t), runc, crun)
}

// kernelObjects are programs and links of BPF, by the kernel's ids.
type kernelObjects struct{ programs, links []uint32 }

// attachedBy returns what a process has loaded and attached, from what the kernel
// shows of its descriptors.
func attachedBy(t *testing.T, process int) kernelObjects {
	t.Helper()
	paths, _ := filepath.Glob(procFile(process, "fdinfo/*")) // the pattern is valid
	var o kernelObjects
	for _, path := range paths {
		content, _ := os.ReadFile(path) // the descriptor may have been closed
		for line := range strings.Lines(string(content)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			id, _ := strconv.ParseUint(strings.TrimSpace(value), 10, 32)
			switch name {
			case "prog_id":
				o.programs = append(o.programs, uint32(id))
			case "link_id":
				o.links = append(o.links, uint32(id))
			}
		}
	}
	if len(o.programs) < 20 || len(o.links) < 20 {
		t.Fatalf("the exporter has %d programs and %d links", len(o.programs), len(o.links))
	}
	return o
}

// checkGone waits until the kernel has none of these any more: it frees a program
// some time after its last user has gone.
func checkGone(t *testing.T, o kernelObjects) {
	t.Helper()
	host.WaitFor(t, 10*time.Second, "the programs and links to be gone", func() bool {
		for _, id := range o.programs {
			p, err := ebpf.NewProgramFromID(ebpf.ProgramID(id))
			if !errors.Is(err, fs.ErrNotExist) {
				_ = p.Close()
				return false
			}
		}
		for _, id := range o.links {
			l, err := link.NewFromID(link.ID(id))
			if !errors.Is(err, fs.ErrNotExist) {
				_ = l.Close()
				return false
			}
		}
		return true
	}, nil)
}
