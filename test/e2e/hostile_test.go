package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

// hostile is text with a special meaning in a terminal, in HTML, in JSON and in
// the text format of metrics. It contains no slash, so it can be a file name.
const hostile = "\x1b[31m\x1b]0;pwned\a\"'`<script>alert(1)<!-- {}\\\n# HELP up\nup 1\r\t\u202e"

// TestHostileNames starts containers with ids, OCI hooks, mounts and entrypoints
// whose names try to break out of every format that they are written in.
func TestHostileNames(t *testing.T) {
	runc, crun := needRuntime(t, "runc"), needRuntime(t, "crun")
	s, w := serve(t), watch(t)
	text, waterfall, table := attach(t, "watch"), attach(t, "watch", "--waterfall"), attach(t, "events")
	before := s.scrape(t)

	// runc would refuse such an id.
	id := newID(t, "hostile") + hostile + "\xff\xfe"
	if res := execute(t, crun.cmd("run", "--bundle", hostileBundle(t), id)); res.code != 0 {
		t.Errorf("crun run: %v", res)
	}
	// An id is used as the name of a directory: these are too long.
	var long []string
	for _, r := range []bareRuntime{runc, crun} {
		name := newID(t, "long") + strings.Repeat("x", 900)
		if res := execute(t, r.cmd("run", "--bundle", bundle(t, "/bin/true"), name)); res.code == 0 {
			t.Errorf("%s run of an id of %d bytes: %v", r.name, len(name), res)
		}
		long = append(long, name)
	}
	refused := newID(t, "refused")
	runQuiet(t, runc.cmd("run", "--bundle", bundle(t, "/no/such/program"+hostile), refused))
	hooked := newID(t, "hooked")
	must(t, runc.cmd("run", "--bundle", hostileBundle(t), hooked))
	later, _ := runc.run(t, "/bin/true")
	w.wait(t, later)

	records := decodeLines[record](t, w.Stdout.String())
	checkRecord(t, onlyStart(t, records, decoded(id)))
	for _, r := range []record{onlyStart(t, records, decoded(id)), onlyStart(t, records, hooked)} {
		hooks := r.operations("hook")
		if r.Outcome != "started" || len(hooks) != 1 || hooks[0].Attributes["hook"] != hostile {
			t.Errorf("%q %s: hooks %v", r.ContainerID, r.Outcome, hooks)
		}
	}
	checkFailed(t, onlyStart(t, records, refused), "init")
	for _, name := range long {
		checkFailed(t, onlyStart(t, records, name), "create")
	}
	checkOutputs(t, w, s, later, text, waterfall, table)
	for name, n := range map[string]float64{"runc": 4, "crun": 2} {
		if got := increase(before, s.scrape(t), "container_starts_total", scrape.Labels{"engine": "none", "runtime": name}); got != n {
			t.Errorf("%v starts by %s counted; want %v", got, name, n)
		}
	}
}

// hostileBundle makes a bundle whose OCI hook and mount have hostile names.
func hostileBundle(t *testing.T) string {
	t.Helper()
	hook := filepath.Join(t.TempDir(), hostile)
	if err := os.WriteFile(hook, []byte("#!/bin/sh\ncat >/dev/null\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	dir := bundle(t, "/bin/true", hostile)
	source := t.TempDir()
	host.ChangeSpec(t, dir, func(spec map[string]any) {
		bind(spec, source, "/tmp/"+hostile)
		spec["linux"].(map[string]any)["cgroupsPath"] = "/" + newID(t, "hostile") // a cgroup's name may contain no newline
		spec["hooks"] = map[string]any{"createRuntime": []any{map[string]any{"path": hook}}}
		spec["annotations"] = map[string]any{"io.kubernetes.cri.container-name": hostile, "io.kubernetes.cri.image-name": hostile}
	})
	return dir
}

// decoded returns text as decoding JSON yields it: invalid UTF-8 is replaced.
func decoded(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

// onlyStart returns the start of a container, which must have exactly one.
func onlyStart(t *testing.T, records []record, id string) record {
	t.Helper()
	var found []record
	for _, r := range records {
		if r.ContainerID == id {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d starts of %q among %d", len(found), id, len(records))
	}
	return found[0]
}

// checkOutputs checks that no hostile name has broken the exporter's outputs, for
// people or machines, up to the start of a later container.
func checkOutputs(t *testing.T, w *watcher, s *server, later string, outputs ...*host.Process) {
	t.Helper()
	for line := range strings.Lines(w.Stdout.String()) {
		if !utf8.ValidString(line) || !json.Valid([]byte(line)) {
			t.Errorf("not a line of JSON: %q", line)
		}
	}
	for _, p := range outputs {
		host.WaitFor(t, 10*time.Second, "the later start in text", func() bool { return strings.Contains(p.Stdout.String(), later[:11]) }, p.Stdout.String)
		if out := p.Stdout.String(); !utf8.ValidString(out) || strings.ContainsAny(out, "\x1b\a\r\u202e") || strings.Contains(out, "\nup 1") {
			t.Errorf("%v writes %q", p.Cmd.Args[1:], out)
		}
		if !p.Running() {
			t.Errorf("%v ended: %s", p.Cmd.Args[1:], p.Stderr.String())
		}
	}
	page := get(t, s.URL+"/")
	if strings.ContainsAny(page, "\x1b\a\u202e") || strings.Contains(page, "<script>alert") {
		t.Errorf("the page contains a hostile name: %q", page)
	}
	exposition := get(t, s.URL+"/metrics")
	problems, err := promlint.New(strings.NewReader(exposition)).Lint()
	if err != nil {
		t.Errorf("lint /metrics: %v", err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "container_start") {
			t.Errorf("/metrics: %s: %s", p.Metric, p.Text)
		}
	}
	if strings.Contains(exposition, "pwned") {
		t.Error("/metrics contains a hostile name")
	}
}

// get returns the body that a URL answers with, with status 200.
func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s answers %s", url, response.Status)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
