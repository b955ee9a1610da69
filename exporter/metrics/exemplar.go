package metrics

import (
	"strings"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"container_start_exporter/collector/start"
)

// exemplar returns the ids of a start's trace and container, or nil. An id that
// does not fit is left out: client_golang panics on an exemplar that is longer
// than prometheus.ExemplarMaxRunes or not UTF-8, and a container's id is free
// text.
func exemplar(s *start.Start) prometheus.Labels {
	if s.Kind == start.Nested { // by default no trace of it is sent
		return nil
	}
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
	if isTraceID(s.TraceID) {
		add("trace_id", s.TraceID)
	}
	add("container_id", s.ContainerID)
	if len(labels) == 0 {
		return nil
	}
	return labels
}

// isTraceID reports whether s is the id of a trace by W3C Trace Context: 32
// hexadecimal digits in lower case, not all of them 0.
func isTraceID(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == "" && strings.Trim(s, "0") != ""
}
