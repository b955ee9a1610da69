package privilege

import (
	"fmt"
	"testing"
)

func init() {
	roles["require"] = func() error {
		fmt.Println(Describe())
		return Require()
	}
}

// TestRequire checks that either of the two necessary capabilities is required,
// that the error names the one that is missing, and that CAP_SYS_ADMIN replaces
// both.
func TestRequire(t *testing.T) {
	const need = "probes need root, or CAP_BPF and CAP_PERFMON: "
	for _, tc := range []struct {
		user         int
		capabilities []string
		describe     string
		failure      string
	}{
		{nobody, []string{"BPF", "PERFMON"}, "CAP_BPF CAP_PERFMON (user 65532)", ""},
		{nobody, []string{"SYS_ADMIN"}, "CAP_SYS_ADMIN (user 65532)", ""},
		{nobody, []string{"PERFMON", "SYS_PTRACE"}, "CAP_PERFMON CAP_SYS_PTRACE (user 65532)", need + "CAP_BPF is missing"},
		{nobody, []string{"BPF", "DAC_READ_SEARCH"}, "CAP_BPF CAP_DAC_READ_SEARCH (user 65532)", need + "CAP_PERFMON is missing"},
		{nobody, nil, "none (user 65532)", need + "try with sudo"},
		{0, []string{"KILL"}, "none (user 0)", need + "try with sudo"},
	} {
		describe, failure := play(t, "require", tc.user, tc.capabilities...)
		if describe != tc.describe+"\n" || failure != tc.failure {
			t.Errorf("%v: %q, %q", tc.capabilities, describe, failure)
		}
	}
}
