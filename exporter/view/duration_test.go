package view

import (
	"testing"
	"time"
)

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                     "0.000 ms",
		85 * time.Microsecond:                 "0.085 ms",
		281250 * time.Microsecond:             "281.2 ms",
		1500 * time.Millisecond:               "1.50 s",
		time.Hour:                             "3600 s",
		16*time.Minute + 39*time.Second + 5e8: "999.50 s",
	} {
		if got := Short(d); got != want {
			t.Errorf("Short(%v) = %q; want %q", d, got, want)
		}
	}
}

func TestShare(t *testing.T) {
	for _, tc := range []struct {
		d, total time.Duration
		want     string
	}{
		{1, 0, ""}, {0, 1000, "0 %"}, {1, 1000, "<1 %"}, {5, 1000, "1 %"}, {613, 1000, "61 %"}, {1000, 1000, "100 %"},
	} {
		if got := Share(tc.d, tc.total); got != tc.want {
			t.Errorf("Share(%d, %d) = %q; want %q", tc.d, tc.total, got, tc.want)
		}
	}
}

func TestScale(t *testing.T) {
	for total, want := range map[time.Duration]string{
		5500 * time.Microsecond: "5.500 ms",
		55 * time.Millisecond:   "55.00 ms",
		550 * time.Millisecond:  "550.0 ms",
		55 * time.Second:        "55.00 s",
	} {
		if s := ScaleOf(total); s.Number(total)+" "+s.Unit != want {
			t.Errorf("%v is %s %s; want %s", total, s.Number(total), s.Unit, want)
		}
	}
}
