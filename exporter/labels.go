package exporter

import (
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"go.opentelemetry.io/otel/trace"

	"container_start_exporter/collector"
)

// other replaces label values that are not ours.
const other = "other"

// labelMax is the length of the longest label value.
const labelMax = 32

// label returns s if it looks like the names in the collector's fixed lists (1
// to 32 of a-z, 0-9, - and _), else "other". The collector bounds the values;
// this keeps anything that slips through out of a scrape.
func label(s string) string {
	if s == "" || len(s) > labelMax {
		return other
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return other
		}
	}
	return s
}

// seconds returns d as a metric's value. A clock that steps back must not lower
// a histogram's sum, which is a counter.
func seconds(d time.Duration) float64 { return max(d, 0).Seconds() }

// exemplar returns the ids of a start's trace and container, or nil. An id that
// does not fit is left out: client_golang panics on an exemplar that is longer
// than prometheus.ExemplarMaxRunes or not UTF-8, and a container's id is free
// text.
func exemplar(s *collector.Start) prometheus.Labels {
	labels := prometheus.Labels{}
	left := prometheus.ExemplarMaxRunes
	add := func(name, value string) {
		runes := utf8.RuneCountInString(name) + utf8.RuneCountInString(value)
		if value == "" || !utf8.ValidString(value) || runes > left {
			return
		}
		labels[name] = value
		left -= runes
	}
	if id, err := trace.TraceIDFromHex(s.TraceID); err == nil {
		add("trace_id", hex.EncodeToString(id[:]))
	}
	add("container_id", s.ContainerID)
	if len(labels) == 0 {
		return nil
	}
	return labels
}

// text returns s as valid UTF-8 of at most limit runes: OTLP rejects a whole
// batch for one string that is not UTF-8.
func text(s string, limit int) string {
	if len(s) > limit*utf8.UTFMax {
		s = s[:limit*utf8.UTFMax]
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit])
}
