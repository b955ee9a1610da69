package view

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"container_start_exporter/collector/start"
	"container_start_exporter/exporter/internal/sample"
)

func TestSteps(t *testing.T) {
	list, omitted := Steps(sample.DrawnFailed())
	var got []string
	for _, st := range list {
		got = append(got, fmt.Sprintf("%s: %s, failed %t, folded %t, %q", st.Phase, st.Label, st.Failed, st.Folded, st.Note))
	}
	want := []string{
		`prepare: rootfs mount overlay, failed false, folded false, ""`,
		`prepare: veth veth7655a02, failed false, folded false, ""`,
		`shim: shim, failed false, folded false, ""`,
		`create: runc create, failed false, folded false, ""`,
		`cgroup: cgroup, failed false, folded false, ""`,
		`namespaces: netns 4026532321, failed false, folded false, ""`,
		`hooks: hook nvidia-container-runtime-hook, failed true, folded false, "exit 1"`,
	}
	if diff := cmp.Diff(want, got); diff != "" || omitted != 0 {
		t.Errorf("%d omitted, (-want +got):\n%s", omitted, diff)
	}
}

// Mounts are folded into one step: their sum, with the slowest beside it.
func TestStepsFolded(t *testing.T) {
	list, _ := Steps(sample.DrawnDocker())
	for _, st := range list {
		if !st.Folded {
			continue
		}
		if st.Label != "37 mounts" || st.Note != "slowest /proc 0.600 ms" || st.Duration.Round(time.Microsecond) != 4200*time.Microsecond {
			t.Errorf("%+v", st)
		}
		return
	}
	t.Error("no folded step")
}

func TestStepsBounded(t *testing.T) {
	s := sample.DrawnCrun()
	s.Operations = nil
	for range 30 {
		s.Operations = append(s.Operations, start.Operation{Name: start.OpHook, Phase: start.PhaseHooks})
	}
	list, omitted := Steps(s)
	if len(list) != maxSteps || omitted != 30-maxSteps || Omitted(omitted) != "and 6 more operations" || Omitted(0) != "" {
		t.Errorf("%d steps, %d omitted: %q", len(list), omitted, Omitted(omitted))
	}
}
