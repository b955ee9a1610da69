package page

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"container_start_exporter/collector/start"
	"container_start_exporter/exporter/internal/golden"
	"container_start_exporter/exporter/internal/sample"
	"container_start_exporter/exporter/view"
)

func getPage(t *testing.T, p *Page, url string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, url, nil))
	return w
}

func TestPage(t *testing.T) {
	golden.InUTC(t)
	p := New(Options{MetricsPath: "/metrics", Version: "1.2.3", Host: "node-1"})
	for _, s := range []*start.Start{sample.DrawnCrun(), sample.DrawnIncomplete(), sample.DrawnFailed(), sample.DrawnDocker()} {
		p.Start(s)
	}
	w := getPage(t, p, "/")
	golden.Compare(t, "page.html", w.Body.String())
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		t.Errorf("%d %s", w.Code, w.Header().Get("Content-Type"))
	}
}

// The policy names the style sheet by its hash: if the template changed a byte
// of it, a browser would reject it.
func TestPagePolicy(t *testing.T) {
	w := getPage(t, New(Options{}), "/")
	_, rest, _ := strings.Cut(w.Body.String(), "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	if allowed := w.Header().Get("Content-Security-Policy"); !strings.Contains(allowed, "'sha256-"+hash(style)+"'") {
		t.Errorf("policy %q does not allow the style sheet of the page", allowed)
	}
}

var (
	phaseRule = regexp.MustCompile(`\.p-(\w+) \{ fill: var\(--(\w+)\); \}`)
	phaseHue  = regexp.MustCompile(`--(\w+): (#[0-9a-f]+);`)
)

// TestStyleSheetHasPhases checks that the style sheet fills the bar of each phase
// with its hue, and no others.
func TestStyleSheetHasPhases(t *testing.T) {
	hues, filled := map[string]string{}, map[string]string{}
	for _, m := range phaseHue.FindAllStringSubmatch(styleSheet, -1) {
		if hues[m[1]] == "" { // the first is the light theme's
			hues[m[1]] = m[2]
		}
	}
	for _, m := range phaseRule.FindAllStringSubmatch(styleSheet, -1) {
		filled["p-"+m[1]] = hues[m[2]]
	}
	want := map[string]string{}
	for _, s := range view.PhaseStyles() {
		want[phaseClass(s.Phase)] = s.Hue
	}
	if diff := cmp.Diff(want, filled); diff != "" {
		t.Errorf("page.css differs from view.PhaseStyles (-want +got):\n%s", diff)
	}
}

func TestPageHostile(t *testing.T) {
	p := New(Options{Host: "<b>"})
	p.Start(sample.DrawnHostile())
	body := getPage(t, p, "/").Body.String()
	for _, evil := range []string{"<script", "\x1b", "\x07", "\u202e", "<b>&lt;"} {
		if strings.Contains(body, evil) {
			t.Errorf("%q is in the page", evil)
		}
	}
	if !strings.Contains(body, "&lt;script&gt;") {
		t.Error("the escaped name is not in the page")
	}
}

func TestPageKeepsTheLatest(t *testing.T) {
	p := New(Options{})
	for i := range 2*keptStarts + 7 {
		s := sample.DrawnCrun()
		s.ContainerID = fmt.Sprintf("nr-%d.", i)
		p.Start(s)
	}
	body := getPage(t, p, "/").Body.String()
	if n := strings.Count(body, "<details"); n != keptStarts {
		t.Errorf("%d starts; want %d", n, keptStarts)
	}
	if strings.Index(body, "nr-106.") > strings.Index(body, "nr-105.") || strings.Contains(body, "nr-56.") || !strings.Contains(body, "nr-57.") {
		t.Error("the starts are not the latest ones, the latest first")
	}
}

func TestPageElsewhere(t *testing.T) {
	p := New(Options{})
	if w := getPage(t, p, "/nope"); w.Code != http.StatusNotFound {
		t.Errorf("/nope: %d", w.Code)
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
	if w := getPage(t, p, "/?live"); !strings.Contains(w.Body.String(), `http-equiv="refresh"`) {
		t.Error("/?live does not refresh")
	}
}
