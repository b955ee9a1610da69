package view

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"container_start_exporter/collector/start"
)

// TestPhaseStyles checks that no two phases look the same.
func TestPhaseStyles(t *testing.T) {
	hue := regexp.MustCompile(`^#([0-9a-f]{3}){1,2}$`)
	seen := map[any]start.PhaseName{}
	for _, s := range PhaseStyles() {
		for _, look := range []any{s.Phase, s.Letter, s.Color, s.Hue} {
			if before, twice := seen[look]; twice {
				t.Errorf("%s and %s have the same %T %v", before, s.Phase, look, look)
			}
			seen[look] = s.Phase
		}
		if len(s.Letter) != 1 || s.Color < 0 || s.Color > 255 || !hue.MatchString(s.Hue) {
			t.Errorf("style %+v", s)
		}
	}
	if got := StyleOf("unknown"); got != otherPhase {
		t.Errorf("the style of an unknown phase is %+v", got)
	}
}

// TestPhaseStylesOfRecordings checks that each phase of the recorded starts has a
// style of its own.
func TestPhaseStylesOfRecordings(t *testing.T) {
	files, err := filepath.Glob("../../collector/testdata/*.starts.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		for name := range recordedPhases(t, file) {
			if StyleOf(name) == otherPhase {
				t.Errorf("%s: phase %s has no style", filepath.Base(file), name)
			}
		}
	}
}

func recordedPhases(t *testing.T, file string) map[start.PhaseName]bool {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	names := map[start.PhaseName]bool{}
	for d := json.NewDecoder(f); ; {
		var s start.Start
		if err := d.Decode(&s); errors.Is(err, io.EOF) {
			return names
		} else if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, p := range s.Phases {
			names[p.Name] = true
		}
	}
}

func TestPhaseLetters(t *testing.T) {
	const want = "prepare=p shim=s create=c cgroup=g namespaces=n rootfs=r hooks=h init=i wait=w start=t"
	if got := PhaseLetters(); got != want {
		t.Errorf("%q; want %q", got, want)
	}
}
