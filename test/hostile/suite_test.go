package hostile

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

// suite is an exporter under attack: one that serves, and one that writes its
// records.
type suite struct {
	docker  *host.Docker
	server  *host.Server
	watch   *host.Process
	stream  *stream
	scraper *scraper

	mu     sync.Mutex
	honest map[string]string // the engines of the containers that were started, by their ids
}

// newSuite attaches the exporter until the end of the test.
func newSuite(t *testing.T) *suite {
	t.Helper()
	s := &suite{docker: host.NeedDocker(t), stream: &stream{}, honest: map[string]string{}}
	dir := bait(t)
	s.server = host.ServeStatic(t, dir)
	s.watch = watch(t, dir, s.stream)
	s.scraper = startScraper(t, s.server.URL+"/metrics")
	return s
}

// watch starts an exporter in a directory that writes its records to a stream.
func watch(t *testing.T, dir string, to *stream, flags ...string) *host.Process {
	t.Helper()
	cmd := exec.Command(host.StaticExporter(t), append([]string{"watch", "--format", "json"}, flags...)...)
	cmd.Dir, cmd.Stdout = dir, to
	return host.AttachCmd(t, cmd)
}

// baitName is the name in a bundle in the exporters' own working directory.
const baitName = "bait"

// bait returns a directory with a bundle in it, which no start is of.
func bait(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	content, err := json.Marshal(map[string]any{
		"ociVersion": "1.0.2", "root": map[string]any{"path": "/bait"},
		"annotations": map[string]any{"io.kubernetes.cri.container-name": baitName},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), content, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// expect remembers a container that was started on the host by an engine.
func (s *suite) expect(engine, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.honest[id] = engine
}

// expected returns how many containers an engine has started.
func (s *suite) expected(engine string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, by := range s.honest {
		if by == engine {
			n++
		}
	}
	return n
}

func (s *suite) isHonest(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.honest[id]
	return ok
}

const (
	startsMetric   = "container_starts_total"
	failuresMetric = "container_start_failures_total"
)

// engines are those of the host, as their starts are labelled.
var engines = []string{"docker", "containerd", "cri", "podman", "cri-o", "buildkit"}

// nested selects the starts that containers make.
var nested = scrape.Labels{"engine": "none", "kind": "nested"}

// baseline is what was counted, and what had to be, at some time.
type baseline struct {
	metrics scrape.Metrics
	honest  map[string]int // starts by engine
}

func (s *suite) baseline(t *testing.T) baseline {
	t.Helper()
	b := baseline{s.scraper.metrics(t), map[string]int{}}
	for _, engine := range append(slices.Clone(engines), "none") {
		b.honest[engine] = s.expected(engine)
	}
	return b
}

// waitCounted waits until the metrics count the honest starts since then.
func (s *suite) waitCounted(t *testing.T, since baseline) {
	t.Helper()
	docker, none, m := s.expected("docker")-since.honest["docker"], s.expected("none")-since.honest["none"], scrape.Metrics{}
	host.WaitFor(t, 10*time.Second, fmt.Sprintf("the metrics to count %d starts by docker, %d by none", docker, none), func() bool {
		m = s.scraper.metrics(t)
		return increase(since.metrics, m, startsMetric, scrape.Labels{"engine": "docker"}) >= float64(docker) &&
			bare(m)-bare(since.metrics) >= float64(none)
	}, func() string { return fmt.Sprint(m[startsMetric]) })
}

// checkCounted checks that the metrics count the honest starts since then, and no
// others but nested ones.
func (s *suite) checkCounted(t *testing.T, since baseline) {
	t.Helper()
	m := s.scraper.metrics(t)
	for _, engine := range engines {
		selector := scrape.Labels{"engine": engine}
		if got, want := increase(since.metrics, m, startsMetric, selector), s.expected(engine)-since.honest[engine]; got != float64(want) {
			t.Errorf("%v starts by %s are counted; %d are honest", got, engine, want)
		}
		if n := increase(since.metrics, m, failuresMetric, selector); n != 0 {
			t.Errorf("%v failures by %s are counted; all were forged", n, engine)
		}
	}
	if got, want := bare(m)-bare(since.metrics), s.expected("none")-since.honest["none"]; got != float64(want) {
		t.Errorf("%v starts without an engine are counted that are not nested; %d are honest", got, want)
	}
	none := scrape.Labels{"engine": "none"}
	if n := increase(since.metrics, m, failuresMetric, none) - increase(since.metrics, m, failuresMetric, nested); n != 0 {
		t.Errorf("%v failures without an engine are counted that are not nested; all were forged", n)
	}
}

// bare returns how many starts without an engine are counted as the host's.
func bare(m scrape.Metrics) float64 {
	return m.Sum(startsMetric, scrape.Labels{"engine": "none"}) - m.Sum(startsMetric, nested)
}

// checkStream checks that only honest starts were reported since the last call.
func (s *suite) checkStream(t *testing.T) {
	t.Helper()
	starts, err := s.stream.take()
	if err != nil {
		t.Error(err)
	}
	forged := map[string]int{}
	example := ""
	for _, one := range starts {
		if one.Name == baitName {
			t.Errorf("%s has the bundle in the exporter's own working directory", one.ContainerID)
			break
		}
		if !s.isHonest(one.ContainerID) {
			what := strings.Join([]string{one.Engine, one.Runtime, one.Kind, one.Outcome}, " ")
			forged[what]++
			example = one.ContainerID
		}
	}
	if len(forged) > 0 {
		t.Errorf("forged starts are reported: %v, such as that of %s", forged, example)
	}
}
