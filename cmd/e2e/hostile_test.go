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
)

// hostile is text that a terminal, a page, JSON and the text format of metrics
// each give another meaning. It is a file's name, too: there is no slash in it.
const hostile = "\x1b[31m\x1b]0;pwned\a\"'`<script>alert(1)<!-- {}\\\n# HELP up\nup 1\r\t\u202e"

// TestHostileNames starts containers whose ids, hooks, mounts and entrypoints
// have names that try to get out of wherever they are written.
func TestHostileNames(t *testing.T) {
	runc, crun := needRuntime(t, "runc"), needRuntime(t, "crun")
	s, w := serve(t), watch(t)
	text, waterfall, table := attached(t, "watch"), attached(t, "watch", "--waterfall"), attached(t, "events")
	before := s.scrape(t)

	// runc would refuse such an id.
	id := newID(t, "hostile") + hostile + "\xff\xfe"
	if res := execute(t, crun.cmd("run", "--bundle", hostileBundle(t), id)); res.code != 0 {
		t.Errorf("crun run: %v", res)
	}
	// An id is the name of a directory: these are too long for one.
	var long []string
	for _, r := range []bareRuntime{runc, crun} {
		name := newID(t, "long") + strings.Repeat("x", 900)
		if res := execute(t, r.cmd("run", "--bundle", bundle(t, "/bin/true"), name)); res.code == 0 {
			t.Errorf("%s run of an id of %d bytes: %v", r.name, len(name), res)
		}
		long = append(long, name)
	}
	refused := newID(t, "refused")
	silent(t, runc.cmd("run", "--bundle", bundle(t, "/no/such/program"+hostile), refused))
	hooked := newID(t, "hooked")
	must(t, runc.cmd("run", "--bundle", hostileBundle(t), hooked))
	later, _ := runc.run(t, "/bin/true")
	w.wait(t, later)

	records := decodeLines[record](t, w.stdout.String())
	checkRecord(t, one(t, records, decoded(id)))
	for _, r := range []record{one(t, records, decoded(id)), one(t, records, hooked)} {
		hooks := r.operations("hook")
		if r.Outcome != "started" || len(hooks) != 1 || hooks[0].Attributes["hook"] != hostile {
			t.Errorf("%q %s: hooks %v", r.ContainerID, r.Outcome, hooks)
		}
	}
	checkFailed(t, one(t, records, refused), "init")
	for _, name := range long {
		checkFailed(t, one(t, records, name), "create")
	}
	checkQuiet(t, w, s, later, text, waterfall, table)
	for name, n := range map[string]float64{"runc": 4, "crun": 2} {
		if got := grown(before, s.scrape(t), "container_starts_total", labels{"engine": "none", "runtime": name}); got != n {
			t.Errorf("%v starts by %s counted; want %v", got, name, n)
		}
	}
}

// hostileBundle has a hook and a mount with hostile names.
func hostileBundle(t *testing.T) string {
	t.Helper()
	hook := filepath.Join(t.TempDir(), hostile)
	if err := os.WriteFile(hook, []byte("#!/bin/sh\ncat >/dev/null\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	dir := bundle(t, "/bin/true", hostile)
	source := t.TempDir()
	changeSpec(t, dir, func(spec map[string]any) {
		bind(spec, source, "/tmp/"+hostile)
		spec["linux"].(map[string]any)["cgroupsPath"] = "/" + newID(t, "hostile") // there a name may have no newline
		spec["hooks"] = map[string]any{"createRuntime": []any{map[string]any{"path": hook}}}
		spec["annotations"] = map[string]any{"io.kubernetes.cri.container-name": hostile, "io.kubernetes.cri.image-name": hostile}
	})
	return dir
}

// decoded is text as it comes out of JSON: what is not UTF-8 is replaced.
func decoded(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

// one is the only start of a container.
func one(t *testing.T, records []record, id string) record {
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

// checkQuiet checks that nothing that is written for people or machines has
// been broken out of, up to the start of a container that came later.
func checkQuiet(t *testing.T, w *watcher, s *server, later string, outputs ...*process) {
	t.Helper()
	for line := range strings.Lines(w.stdout.String()) {
		if !utf8.ValidString(line) || !json.Valid([]byte(line)) {
			t.Errorf("not a line of JSON: %q", line)
		}
	}
	for _, p := range outputs {
		waitFor(t, 10*time.Second, "the later start in text", func() bool { return strings.Contains(p.stdout.String(), later[:11]) }, p.stdout.String)
		if out := p.stdout.String(); !utf8.ValidString(out) || strings.ContainsAny(out, "\x1b\a\r\u202e") || strings.Contains(out, "\nup 1") {
			t.Errorf("%v writes %q", p.cmd.Args[1:], out)
		}
		if !p.running() {
			t.Errorf("%v ended: %s", p.cmd.Args[1:], p.stderr.String())
		}
	}
	page := get(t, s.url+"/")
	if strings.ContainsAny(page, "\x1b\a\u202e") || strings.Contains(page, "<script>alert") {
		t.Errorf("the page has what a container was named: %q", page)
	}
	exposition := get(t, s.url+"/metrics")
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
		t.Error("/metrics has what a container was named")
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
