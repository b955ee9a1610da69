package systemd

import (
	"slices"
	"testing"
)

// TestUserNamespaces starts containers whose root is not the machine's: by Podman and
// Docker as a user, whose own systemd makes the cgroups, and by root's Docker with
// userns-remap.
func TestUserNamespaces(t *testing.T) {
	m := bootBuild(t, build{suite: stable, version: "2", files: map[string]string{
		"docker/daemon.json": `{"exec-opts":["native.cgroupdriver=systemd"],"userns-remap":"default"}`,
	}})
	m.giveImage(t)
	m.addUser(t)
	m.startUserDocker(t)
	m.run(t, slices.Concat(asUser, []string{"podman", "load", "--quiet", "--input", m.work + "/saved.tar"})...)
	m.run(t, slices.Concat(asUser, []string{"docker", "load", "--quiet", "--input", m.work + "/saved.tar"})...)
	m.run(t, slices.Concat(asUser, []string{"docker", "network", "create", network})...)
	m.compare(t, append(rootlessWays(), remappedWay), 3, 5)
}
