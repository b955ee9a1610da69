package collector

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"container_start_exporter/collector/event"
)

var update = flag.Bool("update", false, "write the starts of the recordings as the expected ones")

// TestRecordings replays the recordings of real starts in testdata and compares the
// starts with those in the file beside each recording.
func TestRecordings(t *testing.T) {
	files, err := filepath.Glob("testdata/*.events.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".events.jsonl"), func(t *testing.T) {
			got := replayStarts(t, file)
			golden := strings.TrimSuffix(file, ".events.jsonl") + ".starts.jsonl"
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
				t.Errorf("not the starts of %s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

// TestCorpusIsListed wants a row of the corpus' README for each recording.
func TestCorpusIsListed(t *testing.T) {
	readme, err := os.ReadFile("testdata/README.md")
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob("testdata/*.events.jsonl")
	for _, file := range files {
		if name := strings.TrimSuffix(filepath.Base(file), ".events.jsonl"); !bytes.Contains(readme, []byte("`"+name+"`")) {
			t.Errorf("testdata/README.md does not list %s", name)
		}
	}
}

// replayStarts returns the starts of a recording as indented JSON.
func replayStarts(t *testing.T, file string) []byte {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	o := &tally{t: t}
	a := New(Config{}, o, o)
	if err := event.Read(f, a.Handle); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	checkConservation(t, a)
	a.Close()
	var out bytes.Buffer
	for _, s := range o.starts {
		b, err := json.MarshalIndent(s, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(b, '\n'))
	}
	return out.Bytes()
}
