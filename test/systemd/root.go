package systemd

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"container_start_exporter/test/debian"
)

// The suites of Debian.
const (
	stable   = "trixie" // Debian 13: Docker 26.1, containerd 1.7, Podman 5.4, runc 1.1 and crun 1.21
	unstable = "sid"    // it moves: in November 2026, Docker 28.5, containerd 2.1, Podman 5.8, runc 1.3 and crun 1.28
)

var packages = []string{
	"systemd", "systemd-sysv", "dbus", "docker.io", "docker-cli", "docker-compose", "containerd", "runc", "crun", "podman", "conmon",
	"containernetworking-plugins", "netavark", "iptables", "nftables", "iproute2", "busybox-static", "procps", "ca-certificates",
	// What rootless engines need: a session of systemd's, ids, a network.
	"dbus-user-session", "libpam-systemd", "uidmap", "passt", "slirp4netns", "rootlesskit", "fuse-overlayfs",
}

// installed returns a directory with a suite installed in it, which it makes unless it
// is in the cache. Nobody writes to it.
func installed(ctx context.Context, suite string) (string, error) {
	cache, err := debian.Cache("systemd")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendln(nil, arguments(suite, "", "")))
	return debian.Cached(cache, fmt.Sprintf("%s-%x", suite, sum[:6]), func(work string) (string, error) {
		mirrors, err := debian.FindMirrors()
		if err != nil {
			return "", err
		}
		root := filepath.Join(work, "root")
		_, err = debian.Output(exec.CommandContext(ctx, "mmdebstrap", arguments(suite, mirrors.Debian, root)...))
		return root, err
	})
}

// arguments returns the arguments of mmdebstrap.
func arguments(suite, mirror, root string) []string {
	return []string{
		"--quiet", "--mode=root", "--variant=minbase", "--format=directory", "--include=" + strings.Join(packages, ","),
		`--aptopt=APT::Install-Recommends "false"`, `--aptopt=Acquire::Retries "3"`,
		`--aptopt=Acquire::Check-Valid-Until "false"`, // a mirror of sid may be a snapshot
		"--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
		suite, root, "deb " + mirror + " " + suite + " main",
	}
}
