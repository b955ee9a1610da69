package systemd

import "testing"

// TestCgroupV1 starts containers on a host with cgroup v1, which systemd has as its
// hierarchy and the runtimes have one for each controller of.
func TestCgroupV1(t *testing.T) {
	m := bootBuild(t, build{suite: stable, version: "1"})
	m.giveImage(t)
	m.compare(t, m.rootWays(t), 2, 2)
}
