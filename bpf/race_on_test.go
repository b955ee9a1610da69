//go:build race

package bpf

// raceDetector is whether the tests run under the race detector (go test -race).
const raceDetector = true
