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

// other stands for a label value that is none of ours.
const other = "other"

// labelMax is the length of the longest label value.
const labelMax = 32

// label returns s if it looks like the names in the collector's fixed lists
// (a-z, 0-9, - and _, at most 32 of them), else "other". The collector bounds
// the values; this keeps what slips through from reaching a scrape.
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

// seconds is d as a metric's value. A clock that steps back must not make a
// histogram's sum, which is a counter, fall.
func seconds(d time.Duration) float64 { return max(d, 0).Seconds() }

// exemplar names the trace and the container of a start, or is nil. What does
// not fit is left out: client_golang panics on an exemplar that is longer than
// prometheus.ExemplarMaxRunes or no UTF-8, and a container's id is free text.
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

// text is s as valid UTF-8 of at most limit runes: OTLP refuses a whole batch
// for one string that is not.
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
