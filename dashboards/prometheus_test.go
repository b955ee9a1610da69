package dashboards

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// mayBeEmpty are the panels that have no data if only bare runc runs and nothing
// goes wrong.
var mayBeEmpty = []string{
	"iptables runs per start", "Events lost, unjoined, evicted", "CPU time of the probes",
}

// TestPrometheus scrapes the exporter while bare containers start, and runs the
// queries of each panel and each alert.
func TestPrometheus(t *testing.T) {
	host.NeedProgram(t, "prometheus", "prometheus")
	host.NeedProgram(t, "runc", "runc")
	host.NeedFile(t, "/bin/busybox", "busybox-static")
	host.NeedRoot(t)
	exporter := host.Serve(t)
	endsInTime(t, exporter.Process)
	p := startPrometheus(t, exporter.Address)
	startContainers(t, 8*time.Second)
	t.Run("panels", p.panels)
	t.Run("alerts", p.alerts)
	t.Run("exemplars", p.exemplars)
}

// prometheus is a Prometheus server that scrapes one exporter.
type prometheus struct {
	url, exporter string
}

const job = "container_start_exporter"

func startPrometheus(t *testing.T, exporter string) prometheus {
	t.Helper()
	rules, err := filepath.Abs("alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yaml")
	text := fmt.Sprintf("global: {scrape_interval: 500ms, evaluation_interval: 1s}\nrule_files: [%q]\n"+
		"scrape_configs:\n- job_name: %s\n  static_configs: [{targets: [%q]}]\n", rules, job, exporter)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	address := host.FreeAddress(t)
	server := host.Start(t, exec.Command("prometheus", "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address="+address, "--enable-feature=exemplar-storage"))
	endsInTime(t, server)
	p := prometheus{url: "http://" + address, exporter: exporter}
	server.WaitFor(t, 20*time.Second, "prometheus to scrape", func() bool {
		return host.Answer(p.url+"/-/ready") != "" && len(p.query(t, "up == 1")) == 1
	})
	return p
}

// sample is one series of a query's result.
type sample struct {
	Metric map[string]string
	Value  [2]any // the time, and the value as a string
}

// number reports whether the value is a number other than NaN.
func (s sample) number() bool {
	text, _ := s.Value[1].(string)
	v, err := strconv.ParseFloat(text, 64)
	return err == nil && !math.IsNaN(v)
}

// query evaluates an expression at the current time.
func (p prometheus) query(t *testing.T, expr string) []sample {
	t.Helper()
	var data struct{ Result []sample }
	p.get(t, "/api/v1/query?query="+url.QueryEscape(expr), &data)
	return data.Result
}

// get reads data from the API; an error in the response fails the test.
func (p prometheus) get(t *testing.T, path string, data any) {
	t.Helper()
	response, err := http.Get(p.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if answer.Status != "success" {
		t.Errorf("%s: %s", path, answer.Error)
	}
}

// panels evaluates each target as Grafana would.
func (p prometheus) panels(t *testing.T) {
	grafana := strings.NewReplacer("$__rate_interval", "10s", "$__range", "1m", "$job", job, "$instance", p.exporter)
	for _, panel := range readDashboard(t).graphs() {
		for _, target := range panel.Targets {
			result := p.query(t, grafana.Replace(target.Expr))
			if !slices.ContainsFunc(result, sample.number) && !slices.Contains(mayBeEmpty, panel.Title) {
				t.Errorf("%s: nothing to show for %s", panel.Title, target.Expr)
			}
		}
	}
}

// alerts evaluates each rule, and checks that Prometheus itself, which has
// evaluated them meanwhile, had no error.
func (p prometheus) alerts(t *testing.T) {
	for _, r := range readAlerts(t) {
		for _, s := range p.query(t, r.Expr) {
			t.Logf("%s: %v %v", r.Alert, s.Metric, s.Value[1])
		}
	}
	var data struct {
		Groups []struct {
			Rules []struct{ Name, Health, LastError string }
		}
	}
	p.get(t, "/api/v1/rules", &data)
	healthy := 0
	for _, group := range data.Groups {
		for _, r := range group.Rules {
			if r.Health != "ok" {
				t.Errorf("%s is %s: %s", r.Name, r.Health, r.LastError)
			}
			healthy++
		}
	}
	if want := len(readAlerts(t)); healthy != want {
		t.Errorf("%d rules, want %d", healthy, want)
	}
}

// exemplars checks that the exemplars of starts and phases name a trace and a
// container.
func (p prometheus) exemplars(t *testing.T) {
	for _, name := range []string{"container_start_duration_seconds_bucket", "container_start_phase_duration_seconds_bucket"} {
		var data []struct {
			Exemplars []struct{ Labels map[string]string }
		}
		p.get(t, fmt.Sprintf("/api/v1/query_exemplars?query=%s&start=%d&end=%d", name,
			time.Now().Add(-time.Minute).Unix(), time.Now().Add(time.Second).Unix()), &data)
		count := 0
		for _, series := range data {
			for _, e := range series.Exemplars {
				if len(e.Labels["trace_id"]) != 32 || e.Labels["container_id"] == "" {
					t.Errorf("%s: an exemplar with %v", name, e.Labels)
				}
				count++
			}
		}
		if count == 0 {
			t.Errorf("%s: no exemplars", name)
		}
	}
}
