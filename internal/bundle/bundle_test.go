package bundle

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"container_start_exporter/collector/event"
)

const config = `{
 "ociVersion": "1.0.2",
 "root": {"path": "rootfs"},
 "process": {"args": ["true"], "apparmorProfile": "docker-default",
  "capabilities": {"bounding": ["CAP_CHOWN", "CAP_KILL"]}},
 "mounts": [{"destination": "/etc/hostname", "type": "bind", "source": "STATE/hostname"}],
 "hooks": {"createRuntime": [{"path": "/bin/b"}], "prestart": [{"path": "/bin/a", "args": ["a", "x"]}]},
 "annotations": {"io.kubernetes.cri.sandbox-id": "pod", "secret": "private"},
 "linux": {"cgroupsPath": "/docker/abc", "seccomp": {"defaultAction": "SCMP_ACT_ERRNO"},
  "namespaces": [{"type": "mount"}, {"type": "network", "path": "/run/netns/n"}]}
}`

// write writes files below a temporary directory and returns the directory.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadBundle(t *testing.T) {
	state := write(t, map[string]string{"config.v2.json": `{"ID": "abc", "Name": "/web", "Config": {"Image": "busybox"}}`})
	dir := write(t, map[string]string{"config.json": strings.ReplaceAll(config, "STATE", state)})
	got, err := read(location{path: dir}, "abc")
	if err != nil {
		t.Fatal(err)
	}
	want := &event.Bundle{
		Root: filepath.Join(dir, "rootfs"), Name: "web", Image: "busybox",
		CgroupsPath: "/docker/abc", NetnsPath: "/run/netns/n",
		Hooks: []event.Hook{
			{Kind: "prestart", Path: "/bin/a", Args: []string{"a", "x"}}, {Kind: "createRuntime", Path: "/bin/b"},
		},
		Annotations: map[string]string{"io.kubernetes.cri.sandbox-id": "pod"},
		Security: &event.Security{
			Capabilities: []string{"CAP_CHOWN", "CAP_KILL"}, Seccomp: "SCMP_ACT_ERRNO", AppArmor: "docker-default",
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	// the file that a user mounts on /etc/hostname may be beside another container's state
	if other, err := read(location{path: dir}, "another"); err != nil || other.Name != "" || other.Image != "" {
		t.Errorf("another container has the name %q and the image %q, %v", other.Name, other.Image, err)
	}
}

func TestPodmanIdentity(t *testing.T) {
	storage := write(t, map[string]string{
		"overlay-containers/containers.json":          `[{"id": "x"}, {"id": "abc", "metadata": "{\"name\": \"web\", \"image-name\": \"localhost/busybox:local\"}"}]`,
		"overlay-containers/abc/userdata/config.json": `{"annotations": {"io.container.manager": "libpod"}}`,
	})
	b, err := read(location{path: filepath.Join(storage, "overlay-containers/abc/userdata")}, "abc")
	if err != nil || b.Name != "web" || b.Image != "localhost/busybox:local" {
		t.Errorf("got %+v, %v", b, err)
	}
}

// TestHostileFiles reads files that are not a config.json: reading must not hang,
// and must return an error.
func TestHostileFiles(t *testing.T) {
	fifo := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(fifo, "config.json"), 0o644); err != nil {
		t.Fatal(err)
	}
	large := write(t, map[string]string{"config.json": config + strings.Repeat(" ", maxFile)})
	for name, dir := range map[string]string{
		"a fifo":    fifo,
		"too large": large,
		"garbage":   write(t, map[string]string{"config.json": `{"root": 3`}),
		"absent":    t.TempDir(),
	} {
		if b, err := read(location{path: dir}, "abc"); err == nil {
			t.Errorf("%s: read as %+v", name, b)
		}
	}
}
