package bpf

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// enoughFiles is how many open files suffice: a program and a link for each point of
// each probe, twice on kernels that preempt, and the rest of the process.
const enoughFiles = 1024

// isOutOfFiles reports whether an error is that the limit of open files was reached.
// The BPF library passes some errors on only as text.
func isOutOfFiles(err error) bool {
	return err != nil && (errors.Is(err, unix.EMFILE) || strings.Contains(err.Error(), unix.EMFILE.Error()))
}

// tooFewFiles says what to do about a limit of open files that is too low: with half
// of its probes the exporter would be wrong without saying so.
func tooFewFiles(err error) error {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return err
	}
	return fmt.Errorf("%d open files are too few for the probes: allow %d (LimitNOFILE, ulimit -n): %w", limit.Cur, enoughFiles, err)
}
