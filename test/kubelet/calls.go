package kubelet

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host/report"
)

// call is a call of CRI by which kubelet has started a sandbox or a container: RunPodSandbox
// or StartContainer, as containerd's log has it.
type call struct {
	begin, end time.Time
	failed     bool
}

// What containerd's log has of these calls: when one begins, and when it returns or has failed.
// A sandbox has no id before it is made; if its network has failed, the error has it.
var (
	logLine       = regexp.MustCompile(`^time="([^"]+)" level=\w+ msg=("(?:[^"\\]|\\.)*")`)
	sandboxCall   = regexp.MustCompile(`^RunPodSandbox for (.*?)(?: returns sandbox id "([0-9a-f]{64})"| (failed), error)?$`)
	sandboxError  = regexp.MustCompile(`failed to setup network for sandbox \\"([0-9a-f]{64})\\"`)
	containerCall = regexp.MustCompile(`^StartContainer for "([0-9a-f]{64})"( returns successfully| failed)?$`)
)

// calls returns the calls that have returned, by the id of what they start.
func calls(t *testing.T, log string) map[string]call {
	t.Helper()
	all, begins := map[string]call{}, map[string]time.Time{}
	for line := range strings.Lines(log) {
		m := logLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, m[1])
		if err != nil {
			t.Fatalf("%v in containerd's log: %s", err, line)
		}
		message, err := strconv.Unquote(m[2])
		if err != nil {
			t.Fatalf("%v in containerd's log: %s", err, line)
		}
		if m := containerCall.FindStringSubmatch(message); m != nil {
			if m[2] == "" {
				begins[m[1]] = at
			} else {
				all[m[1]] = call{begins[m[1]], at, m[2] == " failed"}
			}
		} else if m := sandboxCall.FindStringSubmatch(message); m != nil {
			id := m[2]
			if e := sandboxError.FindStringSubmatch(line); m[3] != "" && e != nil {
				id = e[1]
			}
			if id == "" {
				begins[m[1]] = at
			} else {
				all[id] = call{begins[m[1]], at, m[3] != ""}
			}
		}
	}
	return all
}

// clockError is how far the exporter's clock may be from containerd's: both read the same one.
const clockError = time.Millisecond

// checkCalls checks that each call that has started something is one start, which lies in it:
// but for its end if it has succeeded, because containerd does not wait for the entrypoint to
// be executed.
func checkCalls(t *testing.T, calls map[string]call, starts []report.Start) {
	t.Helper()
	seen := map[string]bool{}
	for _, s := range starts {
		c, known := calls[s.ContainerID]
		if !known || seen[s.ContainerID] {
			t.Errorf("a start of %s %s: containerd has it %t, before %t", s.Kind, s.ContainerID, known, seen[s.ContainerID])
			continue
		}
		seen[s.ContainerID] = true
		if c.failed != (s.Outcome == "failed") {
			t.Errorf("%s has %s: %s; containerd has it failed: %t", s.ContainerID, s.Outcome, s.Error, c.failed)
		}
		within := s.Phases[len(s.Phases)-1].Begin // runc start
		if c.failed {
			within = s.Duration
		}
		if s.Begin.Before(c.begin.Add(-clockError)) || s.Begin.Add(time.Duration(within)).After(c.end.Add(clockError)) {
			t.Errorf("%s %s from %v for %v is not in its call, from %v to %v", s.Kind, s.ContainerID, s.Begin, time.Duration(within), c.begin, c.end)
		}
	}
	for id := range calls {
		if !seen[id] {
			t.Errorf("no start of %s, which containerd has started", id)
		}
	}
}
