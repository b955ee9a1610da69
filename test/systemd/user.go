package systemd

import (
	"slices"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// asUser are words that run the command behind them as a user, in that user's session;
// docker uses the user's daemon.
var asUser = strings.Fields("setpriv --reuid 1000 --regid 1000 --init-groups env HOME=/home/user USER=user XDG_RUNTIME_DIR=/run/user/1000 DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus DOCKER_HOST=unix:///run/user/1000/docker.sock")

// addUser makes a user with ids of its own for containers, and starts a session of the
// user's systemd.
func (m *machine) addUser(t *testing.T) {
	t.Helper()
	m.run(t, "sh", "-ec", `useradd --create-home --uid 1000 user
grep -q user /etc/subuid || usermod --add-subuids 200000-265535 --add-subgids 200000-265535 user
# Storage cannot lie on an overlay.
mkdir -p /home/user/.local/share "$0/memory/lib/user"
mount --bind "$0/memory/lib/user" /home/user/.local
mkdir -p /home/user/.local/share
chown -R user:user /home/user
loginctl enable-linger user`, m.work)
	host.WaitFor(t, 30*time.Second, "the session of the user's systemd", func() bool {
		return m.command(slices.Concat(asUser, []string{"systemctl", "--user", "is-system-running"})...).Run() == nil
	}, func() string {
		out, _ := m.command("systemctl", "status", "--no-pager", "user@1000.service").CombinedOutput()
		return string(out)
	})
}

// userDockerPID is a file with the pid of the user's dockerd.
const userDockerPID = "/run/user/1000/docker.pid"

// startUserDocker starts a Docker daemon in the user's session, as Debian's docker.io has
// it: in user, mount and network namespaces of RootlessKit's.
func (m *machine) startUserDocker(t *testing.T) {
	t.Helper()
	m.run(t, slices.Concat(asUser, []string{"systemd-run", "--user", "--unit", "docker", "--property", "Delegate=yes", "--setenv", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		"/usr/share/docker.io/contrib/dockerd-rootless.sh"})...)
	host.WaitFor(t, 30*time.Second, "the user's Docker", func() bool {
		return m.command(slices.Concat(asUser, []string{"docker", "version"})...).Run() == nil
	}, func() string {
		out, _ := m.command("journalctl", "--no-pager", "--lines", "30", "_SYSTEMD_USER_UNIT=docker.service").CombinedOutput()
		return string(out)
	})
}
