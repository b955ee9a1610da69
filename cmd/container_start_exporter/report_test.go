package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"container_start_exporter/collector/start"
	"container_start_exporter/exporter/terminal"
)

func TestReport(t *testing.T) {
	var b strings.Builder
	r := newReport(&b, formatJSON, nil)
	for _, o := range []start.Outcome{start.Started, start.Failed, start.Incomplete} {
		r.add(&start.Start{ContainerID: "<a>", Outcome: o})
	}
	n := 0
	for l := range strings.Lines(b.String()) {
		var s start.Start
		if err := json.Unmarshal([]byte(l), &s); err != nil || s.ContainerID != "<a>" || !strings.Contains(l, "<a>") {
			t.Errorf("%s: %v", l, err)
		}
		n++
	}
	if n != 3 {
		t.Errorf("%d lines; want 3", n)
	}
	const want = "3 container starts, 1 failed, 1 incomplete, 7 events lost (a larger --buffer-size may help)"
	if got := r.summary(" in 1.0 s", 7); got != want {
		t.Errorf("%q; want %q", got, want)
	}
}

func TestReportSummaryWithoutStarts(t *testing.T) {
	r := newReport(nil, formatJSON, nil)
	if got, want := r.summary("", 0), "no container start seen"; got != want {
		t.Errorf("%q; want %q", got, want)
	}
	const want = "no container start seen in 1.0 s, 7 events lost (a larger --buffer-size may help)"
	if got := r.summary(" in 1.0 s", 7); got != want {
		t.Errorf("%q; want %q", got, want)
	}
}

func TestReportText(t *testing.T) {
	var b strings.Builder
	r := newReport(&b, formatText, drawWaterfalls(&b, terminal.Options{}))
	r.add(&start.Start{ContainerID: "one", Outcome: start.Started})
	r.add(&start.Start{ContainerID: "two", Outcome: start.Started})
	if !strings.HasPrefix(b.String(), "one ") || !strings.Contains(b.String(), "\n\ntwo ") {
		t.Errorf("got\n%s", b.String())
	}
}

// TestReportBroken checks that a report that cannot be written sends the error,
// once, and goes on counting.
func TestReportBroken(t *testing.T) {
	full := errors.New("disk full")
	r := newReport(nil, formatText, func(*start.Start) error { return full })
	for range 3 {
		r.add(&start.Start{})
	}
	if err := <-r.broken; !errors.Is(err, full) || r.starts != 3 {
		t.Errorf("%v, %d starts", err, r.starts)
	}
}

func TestUnicode(t *testing.T) {
	for _, tc := range []struct {
		all, lang, term string
		want            bool
	}{
		{"", "", "xterm", true},
		{"", "en_GB.UTF-8", "xterm", true},
		{"", "C.utf8", "", true},
		{"C", "en_GB.UTF-8", "xterm", false},
		{"", "de_DE.ISO-8859-1", "xterm", false},
		{"", "C.UTF-8", "linux", false},
	} {
		t.Setenv("LC_ALL", tc.all)
		t.Setenv("LC_CTYPE", "")
		t.Setenv("LANG", tc.lang)
		t.Setenv("TERM", tc.term)
		if got := supportsUnicode(); got != tc.want {
			t.Errorf("%+v: %v", tc, got)
		}
	}
}
