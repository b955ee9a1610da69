package e2e

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// outputs are all outputs of the exporter, in which no secret may be.
type outputs struct {
	secrets   *secrets
	server    *server
	sent      *host.Output // to the OTLP receiver, uncompressed
	json      *watcher
	lines     *host.Process
	drawings  *host.Process
	recording *host.Process
}

// observeOutputs starts an exporter for each output and waits until the probes of
// each are attached.
func observeOutputs(t *testing.T, s *secrets) *outputs {
	t.Helper()
	sent, endpoint := receiveRaw(t)
	return &outputs{
		secrets: s, sent: sent,
		server: serveWith(t, []string{"--log.level=debug"},
			"OTEL_EXPORTER_OTLP_ENDPOINT="+endpoint, "OTEL_BSP_SCHEDULE_DELAY=100"),
		json:      watch(t),
		lines:     attach(t, "watch"),
		drawings:  attach(t, "watch", "--waterfall"),
		recording: attach(t, "events", "--format", "json"),
	}
}

// receiveRaw starts a receiver of OTLP over HTTP that keeps all that it is sent, also
// what a receiver of spans would not print. It returns its endpoint.
func receiveRaw(t *testing.T) (sent *host.Output, endpoint string) {
	t.Helper()
	sent = &host.Output{}
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if r.Header.Get("Content-Encoding") == "gzip" && err == nil {
			body, err = unzip(body)
		}
		if err != nil {
			t.Errorf("read what %s is sent: %v", r.URL, err)
		}
		_, _ = sent.Write(body)
	}))
	t.Cleanup(receiver.Close)
	return sent, receiver.URL
}

func unzip(data []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}

// runUnder runs a container under the exporter's command run, with each of its
// formats, and checks its report. start returns the command for a container's id.
func (o *outputs) runUnder(t *testing.T, start func(id string) *exec.Cmd) {
	t.Helper()
	for _, format := range []string{"text", "json"} {
		id, report := newID(t, "run"), filepath.Join(t.TempDir(), "report")
		inner := start(id)
		cmd := exporterCmd(t, append([]string{"run", "--format", format, "-o", report, "--"}, inner.Args...)...)
		cmd.Env = inner.Env
		execute(t, cmd)
		text := readFile(t, report)
		if !strings.Contains(text, id[:10]) {
			t.Errorf("run has no start of %s in %s", id, text)
		}
		o.secrets.checkAbsent(t, "run in "+format, text)
	}
}

// showsSources are the outputs that have the sources of mounts: SECURITY.md, What
// leaves the host.
var showsSources = map[string][]secretKind{"watch in JSON": {source}, "OTLP": {source}}

// check waits until every output that shows containers has these, and checks that no
// output shows a secret. The containers are ids with what even the shortest output
// shows of each.
func (o *outputs) check(t *testing.T, containers map[string]string) {
	t.Helper()
	o.json.wait(t, slices.Collect(maps.Keys(containers))...)
	for name, read := range map[string]func() string{
		"watch in JSON":     o.json.Stdout.String,
		"watch":             o.lines.Stdout.String,
		"watch --waterfall": o.drawings.Stdout.String,
		"OTLP":              o.sent.String,
		"the page":          func() string { return host.Answer(o.server.URL + "/") },
		"the live page":     func() string { return host.Answer(o.server.URL + "/?live") },
	} {
		for _, shown := range containers {
			host.WaitFor(t, 20*time.Second, shown+" in "+name, func() bool { return strings.Contains(read(), shown) }, read)
		}
		o.secrets.checkAbsent(t, name, read(), showsSources[name]...)
	}
	if n := o.server.scrape(t).Sum("container_starts_total", nil); n < float64(len(containers)) {
		t.Errorf("%v starts counted; want %d", n, len(containers))
	}
	for _, path := range []string{"/metrics", "/-/ready", "/-/healthy"} {
		o.secrets.checkAbsent(t, path, get(t, o.server.URL+path))
	}
	o.secrets.checkAbsent(t, "the exemplars", openMetrics(t, o.server.URL+"/metrics"))
	o.secrets.checkAbsent(t, "the log", o.server.Stdout.String()+o.server.Stderr.String())
	for _, p := range []*host.Process{o.json.Process, o.lines, o.drawings} {
		o.secrets.checkAbsent(t, "standard error", p.Stderr.String())
	}
	o.secrets.checkAbsent(t, "check", must(t, exporterCmd(t, "check")))
	o.secrets.checkEvents(t, o.recording.Stdout.String())
}

// openMetrics returns what a scrape in the format OpenMetrics answers: the text
// format has no exemplars.
func openMetrics(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/openmetrics-text")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(body), "# {") {
		t.Errorf("no exemplar in %s", body)
	}
	return string(body)
}
