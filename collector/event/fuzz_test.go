package event

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzRead reads any bytes as a recording. What is read is within the bounds of Check, no
// larger than its line, and the same when it is written and read again.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{"time":1,"kind":"exec","pid":1,"args":["runc","create","a"],"env":["CNI_COMMAND=ADD",""]}`,
		`{"time":5,"kind":"fork","child":2,"flags":18446744073709551615,"namespaces":{"net":4026531840},"netns_began":1,"netns_duration":4}`,
		`{"time":9,"kind":"exit","cost":{"cpu_ns":1,"run_delay_ns":-1,"io_delay_ns":0},"status":256}` + "\n\n" + `{"time":1,"kind":"clock","format":1,"wall":1}`,
		`{"time":9,"kind":"bundle","bundle":{"root":"/\ud800","hooks":[{"kind":"prestart","path":"/h","args":[]}],"annotations":{"":""},"security":{}}}`,
		`{"time":0,"kind":"mount"}`, `{"kind":""}`, `{"time":1,"kind":"x","cost":null}`, "{\"time\":1,\"kind\":\"\xff\"}", `[]`, "\xef\xbb\xbf{}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, recording []byte) {
		var again bytes.Buffer
		n := 0
		err := Read(bytes.NewReader(recording), func(e *Event) {
			n++
			checkRead(t, e, len(recording))
			again.Write(append(written(t, e), '\n'))
		})
		if lines := bytes.Count(recording, []byte("\n")) + 1; n > lines || err != nil && !strings.HasPrefix(err.Error(), "line ") {
			t.Errorf("%d events of %d lines; error %v", n, lines, err)
		}
		want := again.String()
		var got strings.Builder
		if err := Read(&again, func(e *Event) { got.Write(append(written(t, e), '\n')) }); err != nil {
			t.Errorf("what was written is not read: %v", err)
		}
		if got.String() != want {
			t.Errorf("%s\nbecomes\n%s", want, got.String())
		}
	})
}

// checkRead checks what must hold for each event that is read.
func checkRead(t *testing.T, e *Event, length int) {
	if e.Kind == "" || e.Format > FormatVersion {
		t.Errorf("an event of kind %q, format %d", e.Kind, e.Format)
	}
	if err := e.Check(); err != nil || e.Began() < 0 {
		t.Errorf("an event that began at %d: %v", e.Began(), err)
	}
	// an empty argument has 3 bytes in the line, and a byte that is not text becomes 3
	if size := e.Size(); size > 800+6*length {
		t.Errorf("an event of %d bytes from a line of %d", size, length)
	}
}

// written returns an event as JSON, which is text.
func written(t *testing.T, e *Event) []byte {
	b, err := json.Marshal(e)
	if err != nil || !utf8.Valid(b) {
		t.Fatalf("%+v becomes %q: %v", e, b, err)
	}
	return b
}
