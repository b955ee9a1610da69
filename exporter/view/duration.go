package view

import (
	"fmt"
	"math"
	"time"
)

// Scale is the unit and the number of decimals that suit a start's duration, so
// that all numbers of a drawing can be compared at a glance.
type Scale struct {
	Unit     string
	per      time.Duration
	decimals int
}

// ScaleOf returns a scale that keeps about four significant digits: a start
// takes from 5 ms (crun) to minutes.
func ScaleOf(total time.Duration) Scale {
	switch {
	case total < 10*time.Millisecond:
		return Scale{"ms", time.Millisecond, 3}
	case total < 100*time.Millisecond:
		return Scale{"ms", time.Millisecond, 2}
	case total < 10*time.Second:
		return Scale{"ms", time.Millisecond, 1}
	default:
		return Scale{"s", time.Second, 2}
	}
}

// Number formats a duration without the unit.
func (s Scale) Number(d time.Duration) string {
	return fmt.Sprintf("%.*f", s.decimals, float64(d)/float64(s.per))
}

// Short formats a duration with its unit, in at most eight characters.
func Short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%.3f ms", d.Seconds()*1e3)
	case d < time.Second:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1e3)
	case d < 1000*time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	default:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
}

// Share formats a duration as a percentage of the total, which may be unknown.
func Share(d, total time.Duration) string {
	if total <= 0 {
		return ""
	}
	percent := 100 * float64(d) / float64(total)
	if percent > 0 && percent < 0.5 {
		return "<1 %"
	}
	return fmt.Sprintf("%.0f %%", math.Round(percent))
}
