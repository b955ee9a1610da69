package terminal

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"container_start_exporter/collector/start"
	"container_start_exporter/exporter/internal/golden"
	"container_start_exporter/exporter/internal/sample"
	"container_start_exporter/exporter/view"
)

func TestWaterfall(t *testing.T) {
	golden.InUTC(t)
	for name, tc := range map[string]struct {
		start *start.Start
		o     Options
	}{
		"docker":       {start: sample.DrawnDocker()},
		"docker-color": {start: sample.DrawnDocker(), o: Options{Color: true}},
		"docker-ascii": {start: sample.DrawnDocker(), o: Options{ASCII: true}},
		"docker-40":    {start: sample.DrawnDocker(), o: Options{Width: 40}},
		"failed":       {start: sample.DrawnFailed()},
		"incomplete":   {start: sample.DrawnIncomplete()},
		"crun":         {start: sample.DrawnCrun()},
		"hostile":      {start: sample.DrawnHostile(), o: Options{ASCII: true}},
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := Waterfall(&b, tc.start, tc.o); err != nil {
				t.Fatal(err)
			}
			golden.Compare(t, "waterfall-"+name+".txt", b.String())
		})
	}
}

func TestLine(t *testing.T) {
	golden.InUTC(t)
	var b strings.Builder
	for _, o := range []Options{{}, {Color: true}, {Width: 120}, {Width: 50}} {
		for _, s := range []*start.Start{sample.DrawnDocker(), sample.DrawnFailed(), sample.DrawnIncomplete(), sample.DrawnCrun(), sample.DrawnHostile()} {
			if err := Line(&b, s, o); err != nil {
				t.Fatal(err)
			}
		}
	}
	golden.Compare(t, "lines.txt", b.String())
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]*m")

// Whatever is in a start, no line is wider than the terminal, and the exporter's
// own colours are the only escape sequences.
func TestDrawingsStayInside(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		s := randomDrawing(random)
		o := Options{Width: 1 + random.IntN(130), Color: random.IntN(2) == 0, ASCII: random.IntN(2) == 0}
		var b strings.Builder
		if err := Waterfall(&b, s, o); err != nil {
			t.Fatal(err)
		}
		if err := Line(&b, s, o); err != nil {
			t.Fatal(err)
		}
		checkInside(t, b.String(), o)
	}
}

func checkInside(t *testing.T, drawn string, o Options) {
	t.Helper()
	if !o.Color && strings.Contains(drawn, "\x1b") {
		t.Fatalf("colour that was not asked for: %q", drawn)
	}
	for l := range strings.Lines(sgr.ReplaceAllString(drawn, "")) {
		l = strings.TrimSuffix(l, "\n")
		if n := view.Columns(l); n > o.Width {
			t.Fatalf("%d columns of %d: %q", n, o.Width, l)
		}
		for _, r := range l {
			if !unicode.IsPrint(r) || o.ASCII && r > 0x7f {
				t.Fatalf("%q in %q", r, l)
			}
		}
	}
}

func randomDrawing(random *rand.Rand) *start.Start {
	s := []func() *start.Start{sample.DrawnDocker, sample.DrawnFailed, sample.DrawnIncomplete, sample.DrawnCrun, sample.DrawnHostile}[random.IntN(5)]()
	s.Name, s.Image, s.Error = drawnText(random), drawnText(random), drawnText(random)
	long := func() time.Duration { return time.Duration(random.Int64N(1<<random.IntN(62) + 1)) }
	signed := func() time.Duration { return long() * time.Duration(1-2*random.IntN(2)) }
	if random.IntN(2) == 0 {
		s.Duration = long()
		for i := range s.Phases {
			s.Phases[i].Begin, s.Phases[i].Duration = long(), long()
		}
	}
	for range random.IntN(60) {
		s.Operations = append(s.Operations, start.Operation{
			Name:  []start.OperationName{start.OpHook, start.OpNetwork}[random.IntN(2)],
			Phase: start.PhaseWait, Begin: signed(), Duration: long(), // it may begin before the start
			Attributes: map[string]string{start.AttrHook: drawnText(random), start.AttrExitCode: "9"},
		})
	}
	return s
}

func drawnText(random *rand.Rand) string {
	const letters = "abc -/\x00\x1b\n\r\x7f\xff\u202e\u0301漢é😀"
	runes := []rune(letters)
	var b strings.Builder
	for range random.IntN(40) {
		b.WriteRune(runes[random.IntN(len(runes))])
	}
	return b.String()
}
