package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"sync"

	"container_start_exporter/collector/start"
)

// the template and the style sheet

// keptStarts is how many of the latest starts a page shows, if they are small: those of
// some thousand mounts have a MB each.
const (
	keptStarts = 50
	keptBytes  = 16 << 20
)

//go:embed page.html
var markup string

//go:embed page.css
var styleSheet string

var layout = template.Must(template.New("page").Parse(markup))

// policy allows the page its own style sheet and nothing else: no script, no
// request to anywhere.
var policy = "default-src 'none'; style-src 'sha256-" + hash(styleSheet) +
	"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Options are what a page shows besides the starts.
type Options struct {
	MetricsPath string // URL path of the metrics
	Version     string // the exporter's
	Host        string // the node's name
}

// Page is the web page with the latest starts as waterfalls. It is safe for
// concurrent use.
type Page struct {
	o Options

	mu     sync.Mutex
	latest [keptStarts]*start.Start // a ring
	seen   int                      // starts so far
	failed int
}

// New returns a page without starts.
func New(o Options) *Page { return &Page{o: o} }

// Start adds a start. The page keeps the latest keptStarts.
func (p *Page) Start(s *start.Start) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latest[p.seen%keptStarts] = s
	p.seen++
	p.dropOldest()
	if s.Outcome == start.Failed {
		p.failed++
	}
}

// dropOldest drops the oldest starts until the others are small enough together.
func (p *Page) dropOldest() {
	bytes := 0
	for i := p.seen - 1; i >= 0 && i >= p.seen-keptStarts; i-- {
		kept := &p.latest[i%keptStarts]
		if bytes += sizeOf(*kept); bytes > keptBytes && i < p.seen-1 {
			*kept = nil
		}
	}
}

// sizeOf returns about how many bytes a start occupies; nil occupies none.
func sizeOf(s *start.Start) int {
	if s == nil {
		return 0
	}
	n := 2000
	for _, o := range s.Operations {
		n += 200
		for _, value := range o.Attributes {
			n += len(value)
		}
	}
	return n
}

// Ready replaces a start by its record with the time of its first listen.
func (p *Page) Ready(s *start.Start) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, kept := range p.latest {
		if kept != nil && kept.SpanID == s.SpanID {
			p.latest[i] = s
		}
	}
}

// starts returns the kept starts, the latest first, and how many were seen and
// failed.
func (p *Page) starts() (list []*start.Start, seen, failed int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := p.seen - 1; i >= 0 && i >= p.seen-keptStarts; i-- {
		if s := p.latest[i%keptStarts]; s != nil {
			list = append(list, s)
		}
	}
	return list, p.seen, p.failed
}

// ServeHTTP serves the page, only at /.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	var body bytes.Buffer
	if err := layout.Execute(&body, p.view(r.URL.Query().Has("live"))); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(body.Bytes()) // if it fails, the client is gone
}

func (p *Page) view(live bool) content {
	list, seen, failed := p.starts()
	v := content{Options: p.o, CSS: template.CSS(styleSheet), Live: live, Seen: seen, Failed: failed}
	for i, s := range list {
		v.Starts = append(v.Starts, viewStart(s, i == 0))
	}
	return v
}
