package host

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// AsUser returns a command that runs as a user with these capabilities (without
// CAP_), and cannot gain others: as systemd would start it. It skips the test if that
// is not run as root.
func AsUser(t testing.TB, user int, capabilities []string, command ...string) *exec.Cmd {
	t.Helper()
	NeedRoot(t)
	set := "-all"
	for _, c := range capabilities {
		set += ",+" + strings.ToLower(c)
	}
	id := strconv.Itoa(user)
	args := []string{"--reuid", id, "--regid", id, "--clear-groups", "--no-new-privs", "--bounding-set", set, "--inh-caps", set}
	if user != 0 {
		args = append(args, "--ambient-caps", set)
	}
	return exec.Command("setpriv", append(args, command...)...)
}
