package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// controllersScript mounts each cgroup controller as v1, in a mount namespace of
// its own: crun refuses to run where v1 and v2 are both there and v2 still has a
// controller. The tree of cgroups is copied to $0 for that: to remove a mount
// point from the host's would unmount it in every other test's namespace too.
const controllersScript = `if [ -d /sys/fs/cgroup/unified ]; then
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

// settleHierarchies gives controllers back that were mounted as cgroup v1 for a
// test. If cgroups were still dying in a hierarchy when it was unmounted, it
// stays, unmounted, until it is mounted once more (kernel/cgroup, cgroup_kill_sb):
// the next test would find the controllers there now and elsewhere a moment later.
// Another test may hold one at the same time: so this does what it can, for a while.
func settleHierarchies(t *testing.T) {
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

// strayControllers are those in a hierarchy of cgroup v1 that is not mounted on
// the host.
func strayControllers(t *testing.T) []string {
	t.Helper()
	var names []string
	for line := range strings.Lines(readFile(t, "/proc/cgroups")) {
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
