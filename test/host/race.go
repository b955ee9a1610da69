package host

import (
	"os/exec"
	"strings"
	"testing"
)

// raceStatus is the exit status of a program in which the race detector found a data
// race (its option exitcode). What the program reports may be right all the same.
const raceStatus = 66

// CheckRaces fails the test if the race detector found a data race in a program,
// which has exited, as its status or what it wrote to standard error shows.
func CheckRaces(t testing.TB, cmd *exec.Cmd, stderr string) {
	t.Helper()
	if strings.Contains(stderr, "WARNING: DATA RACE") || raceDetector && cmd.ProcessState.ExitCode() == raceStatus {
		t.Errorf("a data race in %v:\n%s", cmd.Args, stderr)
	}
}
