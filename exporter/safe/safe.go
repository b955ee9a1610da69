// Package safe makes text from processes on the host safe to send in metrics and
// traces. Text goes in, a label value of low cardinality or bounded UTF-8 comes
// out. It never fails, and it never escapes: package view does, for people.
package safe

import (
	"strings"
	"unicode/utf8"
)

// Other replaces label values that are not ours.
const Other = "other"

// MaxLabel is the length of the longest label value, in bytes.
const MaxLabel = 32

// Label returns s if it looks like the names in the collector's fixed lists (1
// to 32 of a-z, 0-9, - and _), else "other". The collector bounds the values;
// this keeps anything that slips through out of a scrape.
func Label(s string) string {
	if s == "" || len(s) > MaxLabel {
		return Other
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return Other
		}
	}
	return s
}

// Text returns s as valid UTF-8 of at most limit runes: OTLP rejects a whole
// batch for one string that is not UTF-8.
func Text(s string, limit int) string {
	if len(s) > limit*utf8.UTFMax {
		s = s[:limit*utf8.UTFMax]
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit])
}
