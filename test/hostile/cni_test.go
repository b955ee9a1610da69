package hostile

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/report"
)

// withstandCNI starts containers with a runtime alone, on the host. Its environment is
// that of a CNI plugin: whoever executes a runtime chooses it.
func (s *suite) withstandCNI(t *testing.T) {
	host.NeedProgram(t, "runc", "runc")
	before := s.baseline(t)
	reference := s.runBare(t)
	for _, command := range []string{"ADD", "VERSION", "DEL"} {
		one := s.runBare(t, "CNI_COMMAND="+command, "CNI_CONTAINERID=evil", "CNI_NETNS=/run/netns/evil", "CNI_IFNAME=eth0", "CNI_PATH=/")
		if got, want := shape(one), shape(reference); got != want {
			t.Errorf("with CNI_COMMAND=%s\n%s\nwithout it\n%s", command, got, want)
		}
	}
	t.Run("idle", s.waitIdle)
	s.checkRow(t, row{}, before, 0)
}

// runBare runs a container with runc, to its end, and returns its record.
func (s *suite) runBare(t *testing.T, env ...string) report.Start {
	t.Helper()
	root, err := host.Rootfs()
	if err != nil {
		t.Fatal(err)
	}
	id := fmt.Sprintf("%s-%d", honestName(), os.Getpid())
	cmd := exec.Command("runc", "run", "--bundle", host.Bundle(t, root, "/bin/true"), id)
	cmd.Env = append(os.Environ(), env...)
	host.Must(t, cmd)
	s.expect("none", id)
	one := s.record(t, id)
	if one.Outcome != "started" || len(one.Spoiled()) > 0 || one.Error != "" {
		t.Errorf("%s: %s, degraded %v: %s", id, one.Outcome, one.Degraded, one.Error)
	}
	if err := one.Partition(); err != nil {
		t.Errorf("%s: %v", id, err)
	}
	return one
}
