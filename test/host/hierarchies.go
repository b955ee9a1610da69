package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ControllersScript mounts each cgroup controller as v1, if the host has both
// versions of cgroups; run it in a mount namespace of its own. crun refuses to run
// if both versions are mounted and v2 still has a controller. The cgroup tree is
// copied to $0 first: removing a mount point from the host's tree would unmount it
// in every other test's namespace too. Call SettleHierarchies afterwards.
const ControllersScript = `if [ -d /sys/fs/cgroup/unified ]; then
	mkdir $0 && mount -t tmpfs -o mode=755 tmpfs $0 || exit
	for dir in /sys/fs/cgroup/*; do
		if [ -L $dir ]; then cp -P $dir $0; continue; fi
		[ -e $dir/cgroup.procs ] || continue # not mounted here
		mkdir $0/${dir##*/} && mount --bind $dir $0/${dir##*/} || exit
	done
	while read name hierarchy rest; do
		[ "$name" = "#subsys_name" ] || [ -e $0/$name ] && continue
		mkdir $0/$name && mount -t cgroup -o $name cgroup $0/$name || exit
	done </proc/cgroups
	mount --move $0 /sys/fs/cgroup || exit
fi`

// WithoutV2Controllers returns the words to put before a command line so that it
// runs with each controller mounted as cgroup v1: they enter a mount namespace
// that exists until the test ends. It returns none if the host has only one
// version of cgroups.
func WithoutV2Controllers(t *testing.T) []string {
	t.Helper()
	if _, err := os.Stat("/sys/fs/cgroup/unified"); err != nil {
		return nil
	}
	t.Cleanup(func() { SettleHierarchies(t) })
	return InMounts(t, ControllersScript, filepath.Join(t.TempDir(), "cgroup"))
}

// SettleHierarchies returns controllers to v2 that were mounted as cgroup v1 for a
// test. If cgroups were still being destroyed in a hierarchy when it was unmounted,
// it stays, unmounted, until it is mounted once more (kernel/cgroup,
// cgroup_kill_sb): the next test would find the controllers in it now and in
// another a moment later. Another test may hold one at the same time, so this
// tries for some seconds and never fails.
func SettleHierarchies(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for deadline := time.Now().Add(3 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		names := strayControllers(t)
		if len(names) == 0 {
			return
		}
		for _, name := range names {
			if unix.Mount("cgroup", dir, "cgroup", 0, name) == nil {
				_ = unix.Unmount(dir, unix.MNT_DETACH)
			}
		}
	}
}

// strayControllers returns the controllers in a cgroup v1 hierarchy that is not
// mounted on the host.
func strayControllers(t *testing.T) []string {
	t.Helper()
	cgroups, err := os.ReadFile("/proc/cgroups")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(cgroups)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] == "#subsys_name" || fields[1] == "0" {
			continue
		}
		if _, err := os.Stat(filepath.Join("/sys/fs/cgroup", fields[0], "cgroup.procs")); err != nil {
			names = append(names, fields[0])
		}
	}
	return names
}
