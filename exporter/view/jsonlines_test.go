package view

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
)

// TestJSONLines writes what a terminal would obey: none of it is left, and the JSON
// means the same.
func TestJSONLines(t *testing.T) {
	for _, text := range []string{
		"plain", "grün 日本 😀", "\x1b[2J\a", "\u009b31m C1 \u0085", "\u202e evil \u2066\u200f\u061c", "\x7f", "\U000e0001 tag", "a\nb",
	} {
		var b strings.Builder
		if err := NewJSONLines(&b).Write(map[string]string{"name": text}); err != nil {
			t.Fatal(err)
		}
		line := b.String()
		for _, r := range strings.TrimSuffix(line, "\n") {
			if !unicode.IsPrint(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Errorf("%q: %q is in the line %q", text, r, line)
			}
		}
		var got map[string]string
		if err := json.Unmarshal([]byte(line), &got); err != nil || got["name"] != text {
			t.Errorf("%q is read as %q, %v", text, got["name"], err)
		}
	}
	if line := escapeUnprintable([]byte("{\"a\":\"grün\"}")); string(line) != "{\"a\":\"grün\"}" {
		t.Errorf("printable text is escaped: %s", line)
	}
}
