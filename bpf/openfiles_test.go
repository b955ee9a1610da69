package bpf

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func init() { scenarios["fewfiles"] = runFewFiles }

// runFewFiles opens the probes with a limit of open files that is too low. It returns
// 1 if that is an error which says what to do, and 0 if it goes on with half of them.
func runFewFiles(string) (results, error) {
	few := unix.Rlimit{Cur: 128, Max: 128}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
		return nil, err
	}
	p, err := Open(Options{Mechanism: *mechanism})
	if err == nil {
		return results{"refused": 0}, p.Close()
	}
	if !errors.Is(err, unix.EMFILE) || !strings.Contains(err.Error(), "LimitNOFILE") {
		return nil, err
	}
	return results{"refused": 1}, nil
}

// TestTooFewOpenFiles wants an error, not half of the probes.
func TestTooFewOpenFiles(t *testing.T) {
	needRoot(t)
	if _, _, r := play(t, "cse-few-files", "fewfiles"); r["refused"] != 1 {
		t.Error("attached with 128 open files: some probes must be missing")
	}
}
