package main

import (
	"os/exec"
	"strings"
	"testing"

	"container_start_exporter/test/host"
)

// TestCheckInPIDNamespace runs check in a pid namespace of its own, as a container does
// that has not the host's: check says what that means.
func TestCheckInPIDNamespace(t *testing.T) {
	needRoot(t)
	const note = "\npids        not in the initial PID namespace"
	if out := invoke(t, "", 0, "check").stdout; strings.Contains(out, note) {
		t.Errorf("on the host:\n%s", out)
	}
	in := finish(t, exec.Command("unshare", "--pid", "--fork", "--mount-proc", host.Exporter(t), "check"))
	if in.code != 0 || !strings.Contains(in.stdout, note) || !strings.Contains(in.stdout, "--pid=host") {
		t.Errorf("exit status %d:\n%s%s", in.code, in.stdout, in.stderr)
	}
}
