package view

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestPosition(t *testing.T) {
	for _, tc := range []struct {
		at   time.Duration
		want float64
	}{
		{-5, 0}, {0, 0}, {25, 2.5}, {100, 10}, {300, 10},
	} {
		if got := Position(tc.at, 100, 10); got != tc.want {
			t.Errorf("Position(%d, 100, 10) = %v; want %v", tc.at, got, tc.want)
		}
	}
}

func TestApportion(t *testing.T) {
	for _, tc := range []struct {
		durations []time.Duration
		cells     int
		want      []int
	}{
		{nil, 10, []int{}},
		{[]time.Duration{1, 1}, 0, []int{0, 0}},
		{[]time.Duration{0, -3}, 10, []int{0, 0}},
		{[]time.Duration{1, 1, 2}, 8, []int{2, 2, 4}},
		{[]time.Duration{10, 6, 4}, 3, []int{1, 1, 1}}, // 1.5, 0.9 and 0.6 cells
		{[]time.Duration{999, 1}, 10, []int{10, 0}},
	} {
		if got := Apportion(tc.durations, tc.cells); !slices.Equal(got, tc.want) {
			t.Errorf("Apportion(%v, %d) = %v; want %v", tc.durations, tc.cells, got, tc.want)
		}
	}
}

// The cells sum to the width of the bar, whatever the durations are.
func TestApportionAll(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 1000 {
		durations := []time.Duration{1}
		for range random.IntN(12) {
			durations = append(durations, time.Duration(random.Int64N(1<<random.IntN(40))))
		}
		cells, sum := random.IntN(200), 0
		for _, n := range Apportion(durations, cells) {
			sum += n
		}
		if sum != cells {
			t.Fatalf("Apportion(%v, %d) sums to %d", durations, cells, sum)
		}
	}
}
