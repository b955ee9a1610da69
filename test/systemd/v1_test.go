package systemd

import "testing"

// TestCgroupV1 starts containers on a host with cgroup v1, which systemd has as its
// hierarchy and the runtimes have one for each controller of.
func TestCgroupV1(t *testing.T) {
	m := bootVersion(t, "1")
	m.giveImage(t)
	m.compare(t, rootWays(m.criClient(t)), 2, 2)
}
