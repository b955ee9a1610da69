package bundle

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"container_start_exporter/collector/event"
)

const configJSON = `{
 "ociVersion": "1.0.2",
 "root": {"path": "rootfs"},
 "process": {"args": ["true"], "apparmorProfile": "docker-default",
  "capabilities": {"bounding": ["CAP_CHOWN", "CAP_KILL"]}},
 "mounts": [{"destination": "/etc/hostname", "type": "bind", "source": "STATE/abc/hostname"}],
 "hooks": {"createRuntime": [{"path": "/bin/b"}], "prestart": [{"path": "/bin/a", "args": ["a", "x"]}]},
 "annotations": {"io.kubernetes.cri.sandbox-id": "pod", "secret": "private"},
 "linux": {"cgroupsPath": "/docker/abc", "seccomp": {"defaultAction": "SCMP_ACT_ERRNO"},
  "namespaces": [{"type": "mount"}, {"type": "network", "path": "/run/netns/n"}]}
}`

func TestReadBundle(t *testing.T) {
	state := write(t, map[string]string{"abc/config.v2.json": `{"ID": "abc", "Name": "/web", "Config": {"Image": "busybox"}}`})
	dir := write(t, map[string]string{"config.json": strings.ReplaceAll(configJSON, "STATE", state)})
	got := read(self(t).create("--bundle", dir, "abc"))
	want := &event.Bundle{
		Root: filepath.Join(dir, "rootfs"), Name: "web", Image: "busybox", Engine: "docker",
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
	if other := read(self(t).create("--bundle", dir, "another")); other == nil || other.Name != "" || other.Image != "" {
		t.Errorf("another container is read as %+v", other)
	}
}

// TestReadDocker reads the files of a container of Docker 20.10, in full.
func TestReadDocker(t *testing.T) {
	want, err := os.ReadFile("testdata/docker.bundle.json")
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(read(self(t).create("--bundle", dockerFiles(t), dockerID)), "", "  ")
	if err != nil || string(got) != strings.TrimSpace(string(want)) {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestPodmanIdentity(t *testing.T) {
	storage := write(t, map[string]string{
		"overlay-containers/containers.json":          `[{"id": "x"}, {"id": "abc", "metadata": "{\"name\": \"web\", \"image-name\": \"localhost/busybox:local\"}"}]`,
		"overlay-containers/abc/userdata/config.json": `{"annotations": {"io.container.manager": "libpod"}}`,
	})
	b := read(self(t).create("--bundle", storage+"/overlay-containers/abc/userdata", "abc"))
	if b == nil || b.Name != "web" || b.Image != "localhost/busybox:local" {
		t.Errorf("got %+v", b)
	}
}

// TestHostileFiles reads files that are not a config.json: reading must not hang,
// and must return an error.
func TestHostileFiles(t *testing.T) {
	fifo := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(fifo, "config.json"), 0o644); err != nil {
		t.Fatal(err)
	}
	large := write(t, map[string]string{"config.json": configJSON + strings.Repeat(" ", maxConfig)})
	for name, dir := range map[string]string{
		"a fifo":    fifo,
		"too large": large,
		"garbage":   write(t, map[string]string{"config.json": `{"root": 3`}),
		"absent":    t.TempDir(),
	} {
		if b := read(self(t).create("--bundle", dir, "abc")); b != nil {
			t.Errorf("%s: read as %+v", name, b)
		}
	}
}

// TestPodmanListIsStreamed finds a container in a list of 10 MiB, without holding that.
func TestPodmanListIsStreamed(t *testing.T) {
	entry := `{"id": "%d", "metadata": "{\"name\": \"web\", \"image-name\": \"` + strings.Repeat("x", 200) + `\"}"}`
	id := strings.Repeat("c0ffee", 10) + "c0ff"
	storage := write(t, map[string]string{
		"containers/containers.json":                 "[" + numbered(entry, 40000) + "," + strings.Replace(entry, "%d", id, 1) + "]",
		"containers/" + id + "/userdata/config.json": `{"annotations": {"io.container.manager": "libpod"}}`,
	})
	e := self(t).create("--bundle", storage+"/containers/"+id+"/userdata", id)
	_, before := memory()
	b := read(e)
	if _, after := memory(); after-before > 1<<20 {
		t.Errorf("%d KiB are allocated", (after-before)>>10)
	}
	if b == nil || b.Name != "web" {
		t.Errorf("read as %+v", b)
	}
}
