package view

import "testing"

func TestEscape(t *testing.T) {
	for _, tc := range []struct {
		in    string
		max   int
		ascii bool
		want  string
	}{
		{"busybox:local", 80, false, "busybox:local"},
		{"busybox:local", 8, false, "busybox…"},
		{"busybox:local", 8, true, "busybox~"},
		{"busybox", 7, false, "busybox"},
		{"busybox", 0, false, ""},
		{"\x1b[31m", 80, false, `\x1b[31m`},
		{"a\nb\tc\r", 80, false, `a\nb\tc\r`},
		{"\xff\u202e\u0301", 80, false, `\xff\u202e\u0301`},
		{"漢字漢字", 5, false, "漢字…"},
		{"漢é", 80, true, `\u6f22\u00e9`},
		{"\x1b\x1b", 5, false, `\x1b…`},
	} {
		if got := Escape(tc.in, tc.max, tc.ascii); got != tc.want {
			t.Errorf("escape(%q, %d, %v) = %q; want %q", tc.in, tc.max, tc.ascii, got, tc.want)
		}
	}
}
