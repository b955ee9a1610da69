package collector

import (
	"testing"

	"container_start_exporter/collector/event"
)

// TestCgroupOfContainer distinguishes the container's own cgroup from those that are made
// or entered on the way.
func TestCgroupOfContainer(t *testing.T) {
	for _, tt := range []struct {
		id, cgroupsPath, path string
		want                  bool
	}{
		{"db", "/dbteam/db", "/dbteam", false},
		{"db", "/dbteam/db", "/dbteam/db", true},
		{"db", "/dbteam/db", "/sys/dbteam/db/init", true},
		{"db", "", "/db", true},
		{"db", "", "/dbteam", false},
		{"db", "", "/libpod-db.scope", true},
		{"db", "", "/crun-db", true},
		{"db", "system.slice:docker:db", "/system.slice/docker-db.scope", true},
		{"db", "system.slice:docker:db", "/a/system.slice:docker:db", true},
		{"db", "system.slice:docker:db", "/system.slice", false},
	} {
		att := &attempt{id: tt.id, bundle: &event.Bundle{CgroupsPath: tt.cgroupsPath}}
		if got := att.isCgroup(tt.path); got != tt.want {
			t.Errorf("%s with cgroupsPath %q: %s is its own: %t", tt.id, tt.cgroupsPath, tt.path, got)
		}
	}
}
