package view

import "time"

// Position returns where a moment lies on a scale on which total, which must be
// positive, fills the cells: in cells from the left, 0 to cells.
func Position(at, total time.Duration, cells int) float64 {
	p := float64(at) / float64(total) * float64(cells)
	return max(0, min(p, float64(cells)))
}

// Apportion divides cells among durations, in whole cells that sum to cells, by
// the method of largest remainders. If no duration is positive, all get none.
func Apportion(durations []time.Duration, cells int) []int {
	total := 0.
	for _, d := range durations {
		total += max(0, float64(d))
	}
	shares := make([]int, len(durations))
	if total <= 0 {
		return shares
	}
	rest, left := make([]float64, len(durations)), cells
	for i, d := range durations {
		exact := max(0, float64(d)) / total * float64(cells)
		shares[i] = int(exact)
		rest[i] = exact - float64(shares[i])
		left -= shares[i]
	}
	for ; left > 0; left-- {
		most := 0
		for i := range rest {
			if rest[i] > rest[most] {
				most = i
			}
		}
		shares[most]++
		rest[most] = -1
	}
	return shares
}
