package bpf

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func init() { scenarios["fewfiles"] = runFewFiles }

// runFewFiles opens the probes with limits of open files that are ever lower. It
// returns how many were refused with an error that says what to do.
func runFewFiles(string) (results, error) {
	refused := results{}
	for _, limit := range []uint64{128, 64} {
		few := unix.Rlimit{Cur: limit, Max: limit}
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &few); err != nil {
			return nil, err
		}
		p, err := Open(Options{Mechanism: *mechanism})
		if err != nil {
			if !strings.Contains(err.Error(), "LimitNOFILE") {
				return nil, fmt.Errorf("with %d open files: %w", limit, err)
			}
			refused["refused"]++
			continue
		}
		for _, s := range p.Status() {
			if isOutOfFiles(s.Err()) {
				return nil, fmt.Errorf("goes on with %d open files, without %s", limit, s.Name)
			}
		}
		if err := p.Close(); err != nil {
			return nil, err
		}
	}
	return refused, nil
}

// TestTooFewOpenFiles wants all probes or an error, not half of the probes.
func TestTooFewOpenFiles(t *testing.T) {
	needRoot(t)
	if _, _, r := play(t, "cse-few-files", "fewfiles"); r["refused"] == 0 {
		t.Error("attached with 64 open files: some probes must be missing")
	}
}
