package hostile

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
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
func newSuite(t *testing.T, watchFlags ...string) *suite {
	t.Helper()
	s := &suite{docker: host.NeedDocker(t), stream: &stream{}, honest: map[string]string{}}
	dir := bait(t)
	s.server = host.ServeIn(t, dir)
	watch := exec.Command(host.Exporter(t), append([]string{"watch", "--format", "json"}, watchFlags...)...)
	watch.Dir, watch.Stdout = dir, s.stream
	s.watch = host.AttachCmd(t, watch)
	s.scraper = startScraper(t, s.server.URL+"/metrics")
	return s
}

// bait returns a directory with a bundle in it, which no start is of.
func bait(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	content, err := json.Marshal(map[string]any{
		"ociVersion": "1.0.2", "root": map[string]any{"path": "/bait"},
		"annotations": map[string]any{"io.kubernetes.cri.container-name": "bait"},
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

// engines are those of the host, as their starts are labelled.
var engines = []string{"docker", "containerd", "cri", "podman", "cri-o", "buildkit"}

// nested selects the starts that containers make.
var nested = scrape.Labels{"engine": "none", "kind": "nested"}

// checkCounted checks that the metrics count the honest starts, and no others but
// nested ones.
func (s *suite) checkCounted(t *testing.T) {
	t.Helper()
	docker := scrape.Labels{"engine": "docker"}
	host.WaitFor(t, 15*time.Second, "the metrics to count the honest starts", func() bool {
		m := s.scraper.metrics(t)
		return m.Sum("container_starts_total", docker) >= float64(s.expected("docker")) && bare(m) >= float64(s.expected("none"))
	}, s.server.Stderr.String)
	m := s.scraper.metrics(t)
	for _, engine := range engines {
		if got, want := m.Sum("container_starts_total", scrape.Labels{"engine": engine}), float64(s.expected(engine)); got != want {
			t.Errorf("%v starts by %s are counted; %v are honest", got, engine, want)
		}
		if n := m.Sum("container_start_failures_total", scrape.Labels{"engine": engine}); n != 0 {
			t.Errorf("%v failures by %s are counted; all were forged", n, engine)
		}
	}
	if got, want := bare(m), float64(s.expected("none")); got != want {
		t.Errorf("%v starts without an engine are counted that are not nested; %v are honest", got, want)
	}
	for _, kind := range []string{"container", "sandbox", "build"} {
		if n := m.Sum("container_start_failures_total", scrape.Labels{"engine": "none", "kind": kind}); n != 0 {
			t.Errorf("%v failures of kind %s are counted; all were forged", n, kind)
		}
	}
}

// bare returns how many starts without an engine are counted as the host's.
func bare(m scrape.Metrics) float64 {
	return m.Sum("container_starts_total", scrape.Labels{"engine": "none"}) - m.Sum("container_starts_total", nested)
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
