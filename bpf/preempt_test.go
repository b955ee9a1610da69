package bpf

import "testing"

func TestPreempts(t *testing.T) {
	const dynamic = "#1 SMP PREEMPT_DYNAMIC Debian 6.12.117-1 (2026-11-12)"
	for _, c := range []struct {
		version, chosen, line string
		want                  bool
	}{
		{"#1 SMP Debian 5.10.262-1 (2026-07-31)", "", "quiet", false},
		{"#1 SMP PREEMPT Debian", "", "", true},
		{"#1 SMP PREEMPT_RT Debian", "", "preempt=none", true},
		{"#1 SMP PREEMPT_LAZY", "", "", true},
		{dynamic, "none (voluntary) full \n", "", false},
		{dynamic, "none voluntary (full) \n", "preempt=none", true},
		{dynamic, "full (lazy)\n", "", true},
		{dynamic, "(none) voluntary full \n", "preempt=full", false},
		{dynamic, "", "root=/dev/vda preempt=voluntary quiet\n", false},
		{dynamic, "", "preempt=full\n", true},
		{dynamic, "", "nopreempt=none\n", true},
		{dynamic, "", "", true},
	} {
		if got := kernelPreempts(c.version, c.chosen, c.line); got != c.want {
			t.Errorf("kernelPreempts(%q, %q, %q) = %v", c.version, c.chosen, c.line, got)
		}
	}
}
