package bpf

import "testing"

// TestMissesEvents checks when something may happen that a probe would show: not if the
// kernel does not have the system call, or the module is not loaded.
func TestMissesEvents(t *testing.T) {
	absent := []Reason{{Obstacle: NotInKernel}, {Obstacle: SyscallOverhead}}
	for name, c := range map[string]struct {
		status ProbeStatus
		want   bool
	}{
		"attached":                    {ProbeStatus{State: Attached}, false},
		"no module":                   {ProbeStatus{State: Waiting}, false},
		"refused":                     {ProbeStatus{State: Failed, call: true}, true},
		"not a call of this kernel":   {ProbeStatus{State: Absent, call: true, Reasons: absent}, false},
		"not a function to attach to": {ProbeStatus{State: Absent, Reasons: absent}, true},
		"no mechanism":                {ProbeStatus{State: Absent, call: true, Reasons: []Reason{{Obstacle: NotSupported}}}, true},
	} {
		if got := c.status.MissesEvents(); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}
