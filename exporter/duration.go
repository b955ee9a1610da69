package exporter

import (
	"fmt"
	"math"
	"time"
)

// scale is the unit and the number of decimals that suit a start's duration, so
// that all numbers of a drawing can be compared at a glance.
type scale struct {
	unit     string
	per      time.Duration
	decimals int
}

// scaleOf returns a scale that keeps about four significant digits: a start
// takes from 5 ms (crun) to minutes.
func scaleOf(total time.Duration) scale {
	switch {
	case total < 10*time.Millisecond:
		return scale{"ms", time.Millisecond, 3}
	case total < 100*time.Millisecond:
		return scale{"ms", time.Millisecond, 2}
	case total < 10*time.Second:
		return scale{"ms", time.Millisecond, 1}
	default:
		return scale{"s", time.Second, 2}
	}
}

// number formats a duration without the unit.
func (s scale) number(d time.Duration) string {
	return fmt.Sprintf("%.*f", s.decimals, float64(d)/float64(s.per))
}

// short formats a duration with its unit, in at most eight characters.
func short(d time.Duration) string {
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

// share formats a duration as a percentage of the total, which may be unknown.
func share(d, total time.Duration) string {
	if total <= 0 {
		return ""
	}
	percent := 100 * float64(d) / float64(total)
	if percent > 0 && percent < 0.5 {
		return "<1 %"
	}
	return fmt.Sprintf("%.0f %%", math.Round(percent))
}
