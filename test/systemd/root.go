package systemd

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"container_start_exporter/test/debian"
)

// suite is Debian 13: Docker 26.1, containerd 1.7, Podman 5.4, runc 1.1 and crun 1.21.
const suite = "trixie"

var packages = []string{
	"systemd", "systemd-sysv", "dbus", "docker.io", "docker-cli", "containerd", "runc", "crun", "podman", "conmon",
	"containernetworking-plugins", "netavark", "iptables", "nftables", "iproute2", "busybox-static", "procps", "ca-certificates",
	// What rootless engines need: a session of systemd's, ids, a network.
	"dbus-user-session", "libpam-systemd", "uidmap", "passt", "slirp4netns", "rootlesskit", "fuse-overlayfs",
}

// installed returns a directory with the suite installed in it, which it makes unless it
// is in the cache. Nobody writes to it.
func installed(ctx context.Context) (string, error) {
	cache, err := debian.Cache("systemd")
	if err != nil {
		return "", err
	}
	unlock, err := debian.Lock(cache)
	if err != nil {
		return "", err
	}
	defer unlock()
	sum := sha256.Sum256(fmt.Appendln(nil, arguments("", "")))
	dir := filepath.Join(cache, fmt.Sprintf("%s-%x", suite, sum[:6]))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	work, err := os.MkdirTemp(cache, "root-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	mirrors, err := debian.FindMirrors()
	if err != nil {
		return "", err
	}
	root := filepath.Join(work, "root")
	if _, err := debian.Output(exec.CommandContext(ctx, "mmdebstrap", arguments(mirrors.Debian, root)...)); err != nil {
		return "", err
	}
	return dir, os.Rename(root, dir)
}

// arguments returns the arguments of mmdebstrap.
func arguments(mirror, root string) []string {
	return []string{
		"--quiet", "--mode=root", "--variant=minbase", "--format=directory", "--include=" + strings.Join(packages, ","),
		`--aptopt=APT::Install-Recommends "false"`, `--aptopt=Acquire::Retries "3"`,
		"--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
		suite, root, "deb " + mirror + " " + suite + " main",
	}
}
