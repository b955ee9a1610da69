package systemd

import (
	"slices"
	"testing"
)

// TestRootless starts containers by Podman as a user: the user's own systemd makes the
// cgroups.
func TestRootless(t *testing.T) {
	m := boot(t)
	m.giveImage(t)
	m.addUser(t)
	m.run(t, slices.Concat(asUser, []string{"podman", "load", "--quiet", "--input", m.work + "/saved.tar"})...)
	m.compare(t, rootlessWays(), 3, 3)
}
