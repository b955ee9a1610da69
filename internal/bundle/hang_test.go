package bundle

import (
	"fmt"
	"os"
	"path/filepath"
	goruntime "runtime"
	"testing"
	"time"

	"container_start_exporter/collector/event"
	"container_start_exporter/test/host"
)

// hangs starts a runtime that finds a FUSE file system which never answers at a
// directory, in a mount namespace of its own.
func hangs(t *testing.T, at string) child {
	t.Helper()
	needsRoot(t)
	if _, err := os.Stat("/dev/fuse"); err != nil {
		t.Skip("the kernel has no FUSE")
	}
	return startChild(t, childOptions{MountNS: true, FUSE: true, At: at})
}

// TestHangingBundles reads more bundles that hang than there are readers: others are
// read, in other mount namespaces, and elsewhere in the same.
func TestHangingBundles(t *testing.T) {
	dir := write(t, map[string]string{"hang/x": "", "ok/b/config.json": rootIs("/ok")})
	c := hangs(t, dir+"/hang")
	n := newNode()
	before := goruntime.NumGoroutine()
	began := time.Now()
	for i := range 100 {
		e := c.create("--bundle", fmt.Sprintf("%s/hang/%d", dir, i), "abc")
		e.StartTime += int64(i)
		n.reader.Handle(e)
	}
	if d := time.Since(began); d > time.Second {
		t.Errorf("the events waited for %v", d)
	}
	host.WaitFor(t, 10*time.Second, "those to give up that wait for others in vain", func() bool {
		return goruntime.NumGoroutine()-before <= 8
	}, nil)
	for name, other := range map[string]child{"another namespace": self(t), "the same namespace": c} {
		e := other.create("--bundle", dir+"/ok/b", "abc")
		e.StartTime += 1000
		if b := n.read(e); b == nil || b.Root != "/ok" {
			t.Errorf("%s: read as %+v", name, b)
		}
	}
	c.end() // ends the hanging reads
	host.WaitFor(t, 10*time.Second, "all hanging bundles to be counted as unread", func() bool {
		n.reader.Handle(&event.Event{Kind: event.KindClock})
		return n.reader.Unread() == 100
	}, func() string { return fmt.Sprintf("%d of 100", n.reader.Unread()) })
}

// TestHangingState starts containers whose /etc/hostname is on a file system that
// hangs: the start has all but its name, and the others have theirs.
func TestHangingState(t *testing.T) {
	dir := write(t, map[string]string{
		"hang/x":                "",
		"ok/abc/hostname":       "",
		"ok/abc/config.v2.json": `{"ID": "abc", "Name": "/web", "Config": {"Image": "busybox"}}`,
		"bundle/config.json":    "",
	})
	config := filepath.Join(dir, "bundle/config.json")
	mountFrom := func(source string) {
		content := fmt.Sprintf(`{"root": {"path": "/r"}, "mounts": [{"destination": "/etc/hostname", "source": %q}]}`, source)
		if err := os.WriteFile(config, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := hangs(t, dir+"/hang")
	n := newNode()
	for i := range 40 {
		mountFrom(fmt.Sprintf("%s/hang/%d/hostname", dir, i))
		e := c.create("--bundle", dir+"/bundle", "abc")
		e.StartTime += int64(i)
		if b := n.read(e); b == nil || b.Root != "/r" || b.Name != "" {
			t.Fatalf("start %d: the bundle is read as %+v", i, b)
		}
	}
	mountFrom(dir + "/ok/abc/hostname")
	e := c.create("--bundle", dir+"/bundle", "abc")
	e.StartTime += 1000
	if b := n.read(e); b == nil || b.Name != "web" || b.Image != "busybox" {
		t.Errorf("an honest start after them: %+v", b)
	}
}
