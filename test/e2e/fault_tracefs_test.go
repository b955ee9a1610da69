package e2e

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

// unmountTracefs unmounts tracefs wherever the host has mounted it. A shell executes
// it in a mount namespace of its own.
const unmountTracefs = `awk '$3 == "tracefs" { print $2 }' /proc/mounts | sort -r | while read -r dir; do umount "$dir" || exit; done`

// TestFaultTracefsUnmounted unmounts tracefs before the exporter starts, and while it
// runs: starts are exact in both cases.
func TestFaultTracefsUnmounted(t *testing.T) {
	runc, crun := needRuntime(t, "runc"), needRuntime(t, "crun")
	inOwn := []string{"unshare", "-m", "--propagation", "private", "sh", "-c"}
	for name, prefix := range map[string][]string{
		"before": append(inOwn, unmountTracefs+`; exec "$0" "$@"`),
		"while":  append(inOwn, `exec "$0" "$@"`),
	} {
		t.Run(name, func(t *testing.T) {
			s, w := checked(t, host.ServeAfter(t, prefix)), watch(t)
			if name == "while" {
				must(t, exec.Command("nsenter", "-t", strconv.Itoa(s.Cmd.Process.Pid), "-m", "sh", "-c", unmountTracefs))
			}
			if mounts := readFile(t, procFile(s.Cmd.Process.Pid, "mounts")); strings.Contains(mounts, " tracefs ") {
				t.Fatalf("tracefs is mounted:\n%s", mounts)
			}
			before := s.scrape(t)
			checkAfterwards(t, s, w, runc, crun)
			checkPhasesCounted(t, before, s.scrape(t), runc, crun)
			if err := s.End(syscall.SIGTERM, endTimeout); err != nil {
				t.Error(err)
			}
		})
	}
}

// checkPhasesCounted checks that a server has counted all phases of one start by each
// runtime: the probes that need tracefs show them.
func checkPhasesCounted(t *testing.T, before, after metrics, runtimes ...bareRuntime) {
	t.Helper()
	for _, r := range runtimes {
		for _, name := range setUpPhases(r.name) {
			selector := scrape.Labels{"runtime": r.name, "phase": name}
			if n := increase(before, after, "container_start_phase_duration_seconds", selector); n != 1 {
				t.Errorf("%v phases %s of %s counted; want 1", n, name, r.name)
			}
		}
	}
}

// TestFaultTracefsForbidden starts the exporter where tracefs is not mounted and may
// not be. It works without the probes that need tracefs, or ends with one line that
// says why.
func TestFaultTracefsForbidden(t *testing.T) {
	r := needRuntime(t, "runc")
	address := host.FreeAddress(t)
	cmd := host.AsUser(t, 0, []string{"BPF", "PERFMON", "DAC_READ_SEARCH", "SYS_PTRACE"},
		host.Exporter(t), "serve", "--web.listen-address="+address)
	words := append([]string{"unshare", "-m", "--propagation", "private", "sh", "-c", unmountTracefs + `; exec "$0" "$@"`}, cmd.Args...)
	p := host.Start(t, exec.Command(words[0], words[1:]...))
	reports := func(text string) bool { return strings.Contains(p.Stderr.String(), text) }
	host.WaitFor(t, 20*time.Second, "the exporter to attach its probes, or to end", func() bool {
		return !p.Running() || reports("Probes attached")
	}, p.Stderr.String)
	if !reports("tracefs") {
		t.Errorf("nothing is said of tracefs:\n%s", p.Stderr.String())
	}
	if lines := strings.Count(p.Stderr.String(), "\n"); !p.Running() {
		if lines != 1 || p.Cmd.ProcessState.ExitCode() == 0 {
			t.Errorf("%d lines and %v:\n%s", lines, p.Cmd.ProcessState, p.Stderr.String())
		}
		return
	}
	s := &server{&host.Server{Process: p, Address: address, URL: "http://" + address}}
	s.WaitFor(t, 10*time.Second, "200 from /-/ready", func() bool { return host.Answer(s.URL+"/-/ready") != "" })
	before := s.scrape(t)
	if _, res := r.run(t, "/bin/true"); res.code != 0 {
		t.Fatal(res)
	}
	s.WaitFor(t, 10*time.Second, "the start to be reported", func() bool { return tallyOf(t, before, s.scrape(t)).reported() == 1 })
	if n := tallyOf(t, before, s.scrape(t)); n.failed != 0 {
		t.Errorf("%+v; the start succeeded", n)
	}
}
