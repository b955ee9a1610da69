package bundle

import (
	"strings"
	"testing"
	"time"
)

// TestAllowance spends as much as is left, again and again: it is the limit at once,
// and the rate from then on.
func TestAllowance(t *testing.T) {
	a := allowance{limit: 500, rate: 100}
	began := time.Unix(1000, 0)
	var spent float64
	for at := began; at.Sub(began) < time.Minute; at = at.Add(time.Millisecond) {
		left := a.now(at)
		a.spend(left)
		spent += left
	}
	if spent < 6490 || spent > 6510 {
		t.Errorf("%v are spent in a minute", spent)
	}
}

// TestLargeFilesAreRationed reads more large files than are read at once: those behind
// are unread, but small ones are read.
func TestLargeFilesAreRationed(t *testing.T) {
	dir := write(t, map[string]string{
		"large/config.json": `{"root":{"path":"/large"},"x":"` + strings.Repeat("x", maxSmall) + `"}`,
		"small/config.json": rootIs("/small"),
	})
	n, me := newNode(), self(t)
	n.reader.gate.large = newSides(3.5*maxSmall, 0, 0)
	for i, want := range []string{"/large", "/large", "/large", "", "", "/small", ""} {
		bundle := dir + "/large"
		if want == "/small" {
			bundle = dir + want
		}
		e := me.create("--bundle", bundle, "abc")
		e.StartTime += int64(i)
		if b := n.read(e); b == nil && want != "" || b != nil && b.Root != want {
			t.Errorf("file %d is read as %+v, want the root %q", i, b, want)
		}
	}
}
