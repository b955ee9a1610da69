package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSharedShim starts five containers in one pod, with one shim: each is a start
// of its own, with what its own runtime created.
func TestSharedShim(t *testing.T) {
	needRoot(t)
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

// podOf starts a pod with containers, which run until the end of the test, and
// returns the ids of its sandbox and of the containers.
func (c *containerd) podOf(t *testing.T, name string, containers ...string) []string {
	t.Helper()
	cmd := exec.Command(filepath.Join(criClient.need(t), "cri"), append([]string{"unix://" + c.socket(), fullImage, name}, containers...)...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p, err := launch(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // the client then removes the pod
		select {
		case <-p.exited:
		case <-time.After(30 * time.Second):
			t.Errorf("pod %s is not removed: %s", name, p.stderr.String())
		}
	})
	waitFor(t, time.Minute, "pod "+name, func() bool {
		return !p.running() || strings.Count(p.stdout.String(), "\n") == 1+len(containers)
	}, p.stderr.String)
	if !p.running() {
		t.Fatalf("the client of pod %s ended: %s", name, p.stderr.String())
	}
	return strings.Fields(p.stdout.String())
}
