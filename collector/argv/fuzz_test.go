package argv

import (
	"slices"
	"strings"
	"testing"
)

// FuzzValue looks for flags in any command line: what is found follows the first of them,
// and nothing is found only if none has a word behind it.
func FuzzValue(f *testing.F) {
	f.Add("-id\nabc\nstart", "-id", "--id")
	f.Add("-id", "-id", "--id")
	f.Add("--id\n--id\n-id\n", "-id", "--id")
	f.Add("", "", "")
	f.Fuzz(func(t *testing.T, line, short, long string) {
		args := strings.Split(line, "\n")
		at := slices.IndexFunc(args, func(arg string) bool { return arg == short || arg == long })
		want := ""
		if at >= 0 && at+1 < len(args) {
			want = args[at+1]
		}
		if got := Value(args, short, long); got != want {
			t.Errorf("%q of %q is %q, want %q", []string{short, long}, args, got, want)
		}
	})
}
