//go:build race

package collector

const raceDetector = true
