package safe

import (
	"strings"
	"testing"
)

func TestLabel(t *testing.T) {
	for in, want := range map[string]string{
		"cri-o":                 "cri-o",
		"pivot_root":            "pivot_root",
		strings.Repeat("a", 32): strings.Repeat("a", 32),
		strings.Repeat("a", 33): Other,
		"":                      Other,
		"UPPER":                 Other,
		"a b":                   Other,
		"ä":                     Other,
		"a\n":                   Other,
		"\xff":                  Other,
	} {
		if got := Label(in); got != want {
			t.Errorf("Label(%q) = %q; want %q", in, got, want)
		}
	}
}

func TestText(t *testing.T) {
	for _, tc := range []struct {
		in    string
		limit int
		want  string
	}{
		{"", 4, ""},
		{"web", 4, "web"},
		{"a b\nc", 5, "a b\nc"},
		{"longer", 4, "long"},
		{"漢字漢字漢", 4, "漢字漢字"},
		{"a\xff\xfeb", 4, "a\uFFFDb"},
		{strings.Repeat("a", 1<<20), 4, "aaaa"},
		{strings.Repeat("漢", 1<<10), 2, "漢漢"}, // cut between bytes of a rune first
	} {
		if got := Text(tc.in, tc.limit); got != tc.want {
			t.Errorf("Text(%.20q, %d) = %q; want %q", tc.in, tc.limit, got, tc.want)
		}
	}
}
