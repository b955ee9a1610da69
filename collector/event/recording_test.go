package event

import (
	"strings"
	"testing"
)

// TestReadRefuses checks that the error has the number of a line that is not
// an event, or is one that cannot have happened.
func TestReadRefuses(t *testing.T) {
	const good = `{"time":2000,"kind":"exec","pid":1,"duration":1000,"born":5}`
	for line, want := range map[string]string{
		`{`:                         "line 2: not an event",
		`{"time":1}`:                "line 2: not an event: it has no kind",
		`{"kind":"exec"}`:           "line 2: impossible event: time 0",
		`{"time":-5,"kind":"exec"}`: "line 2: impossible event: time -5",
		`{"time":9000000000000000000,"kind":"exec"}`:                  "line 2: impossible event: time 9000000000000000000",
		`{"time":5,"kind":"mount","duration":6}`:                      "line 2: impossible event: duration 6",
		`{"time":5,"kind":"mount","duration":5}`:                      "line 2: impossible event: duration 5",
		`{"time":5,"kind":"fork","netns_duration":2}`:                 "line 2: impossible event: netns_duration 2",
		`{"time":5,"kind":"mount","duration":-1}`:                     "line 2: impossible event: duration -1",
		`{"time":5,"kind":"exec","born":6}`:                           "line 2: impossible event: born 6",
		`{"time":5,"kind":"fork","netns_began":4,"netns_duration":2}`: "line 2: impossible event: netns_duration 2",
		`{"time":5,"kind":"clock","wall":-1}`:                         "line 2: impossible event: wall -1",
		`{"time":5,"kind":"clock","wall":1,"format":2}`:               "line 2: format 2 is newer",
	} {
		n := 0
		err := Read(strings.NewReader(good+"\n"+line+"\n"), func(*Event) { n++ })
		if err == nil || !strings.HasPrefix(err.Error(), want) || n != 1 {
			t.Errorf("%s: error %v after %d events, want %q after 1", line, err, n, want)
		}
	}
}
