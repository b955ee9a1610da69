//go:build !race

package host

// raceDetector is whether the tests run under the race detector (go test -race).
const raceDetector = false
