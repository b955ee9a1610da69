package e2e

import (
	"testing"

	"container_start_exporter/test/host"
)

// TestSharedShim starts five containers in one pod, with one shim: each is a start
// of its own, with what its own runtime created.
func TestSharedShim(t *testing.T) {
	host.NeedRoot(t)
	for _, g := range containerds {
		t.Run(g.name, func(t *testing.T) {
			c := g.start(t)
			w := watch(t)
			ids := c.podOf(t, "crowd", "one", "two", "three", "four", "five")
			records := w.wait(t, ids...)
			checkRecord(t, records[ids[0]])
			mounts, netns := records[ids[1]].Counts.Mounts, records[ids[0]].Namespaces["net"]
			pids, mnts := map[int]bool{}, map[uint64]bool{}
			for _, id := range ids[1:] {
				r := records[id]
				checkStarted(t, r, "cri", "runc", phases("runc", g.podPhase))
				pid := c.pid(t, "k8s.io", id)
				if r.PID != pid || r.Namespaces["mnt"] != namespace(t, pid, "mnt") {
					t.Errorf("%s: pid %d in mnt:[%d]; containerd says %d", id, r.PID, r.Namespaces["mnt"], pid)
				}
				if r.Namespaces["net"] != netns || len(r.operations("netns")) != 0 || r.Counts.Veths != 0 {
					t.Errorf("%s: net:[%d], %d veths; its sandbox has net:[%d]", id, r.Namespaces["net"], r.Counts.Veths, netns)
				}
				if r.Counts.Mounts != mounts || len(r.operations("rootfs_mount")) != 1 {
					t.Errorf("%s: %d mounts, %d of a rootfs; another of the pod has %d, and 1", id, r.Counts.Mounts, len(r.operations("rootfs_mount")), mounts)
				}
				pids[r.PID], mnts[r.Namespaces["mnt"]] = true, true
			}
			if len(pids) != 5 || len(mnts) != 5 {
				t.Errorf("%d pids and %d mount namespaces; want 5", len(pids), len(mnts))
			}
		})
	}
}
