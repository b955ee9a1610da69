package bundle

import (
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"container_start_exporter/collector/engine"
)

// The ids of two containers in these tests.
var (
	oneID   = strings.Repeat("1a", 32)
	otherID = strings.Repeat("2b", 32)
)

// dockerHost writes the data root of a Docker host as Docker 26 has it: of each of two
// containers, its state; and the bundle of the first, with these mounts.
func dockerHost(t *testing.T, mounts string) (bundle string) {
	t.Helper()
	dir := write(t, map[string]string{
		"docker/containers/" + oneID + "/config.v2.json":   `{"ID": "` + oneID + `", "Name": "/one", "Config": {"Image": "busybox:1"}}`,
		"docker/containers/" + otherID + "/config.v2.json": `{"ID": "` + otherID + `", "Name": "/other", "Config": {"Image": "busybox:2"}}`,
		"docker/overlay2/layer/merged/x":                   "",
		"home/config.v2.json":                              `{"ID": "` + oneID + `", "Name": "/forged", "Config": {"Image": "forged"}}`,
	})
	return write(t, map[string]string{"config.json": strings.ReplaceAll(mounts, "DATA", dir+"/docker")})
}

// TestDockerIdentity identifies a container of Docker wherever its /etc/hostname is from:
// its own directory, that of the container whose network it shares, or a user's file.
func TestDockerIdentity(t *testing.T) {
	const root = `"root": {"path": "DATA/overlay2/layer/merged"}`
	mount := func(destination, source string) string {
		return `"mounts": [{"destination": "` + destination + `", "source": "` + source + `"}]`
	}
	for title, config := range map[string]string{
		"a storage driver's root":       root,
		"its own hostname":              root + "," + mount("/etc/hostname", "DATA/containers/"+oneID+"/hostname"),
		"--network container:other":     root + "," + mount("/etc/hostname", "DATA/containers/"+otherID+"/hostname"),
		"a user's hostname":             root + "," + mount("/etc/hostname", "DATA/../home/hostname"),
		"another root, its own hosts":   mount("/etc/hosts", "DATA/containers/"+oneID+"/hosts"),
		"another root, other's network": mount("/etc/resolv.conf", "DATA/containers/"+otherID+"/resolv.conf"),
	} {
		b := read(self(t).create("--bundle", dockerHost(t, "{"+config+"}"), oneID))
		if b == nil || b.Name != "one" || b.Image != "busybox:1" || b.Engine != "docker" {
			t.Errorf("%s: read as %+v", title, b)
		}
	}
	for title, config := range map[string]string{
		"a user's file":        mount("/etc/hostname", "DATA/../home/hostname"),
		"a file of other name": mount("/etc/hostname", "DATA/containers/"+oneID+"/name"),
	} {
		if b := read(self(t).create("--bundle", dockerHost(t, "{"+config+"}"), oneID)); b == nil || b.Name != "" || b.Engine != "" {
			t.Errorf("%s: read as %+v", title, b)
		}
	}
}

// TestClassicBuilder recognises what Docker's classic builder runs a step in, by the state
// that Docker 20.10 writes of it. A container with a part of that is none.
func TestClassicBuilder(t *testing.T) {
	const step = `"LogPath": "", "Config": {"Image": "sha256:724b", "Entrypoint": null, "Healthcheck": {"Test": ["NONE"]}}`
	for state, want := range map[string]bool{
		step: true,
		strings.Replace(step, `"LogPath": ""`, `"LogPath": "/x.log"`, 1):   false,
		strings.Replace(step, `null`, `["/x"]`, 1):                         false,
		strings.Replace(step, `["NONE"]`, `["CMD", "true"]`, 1):            false,
		strings.Replace(step, `"Image": "sha256:724b"`, `"Image": "x"`, 1): false,
	} {
		dir := write(t, map[string]string{"containers/" + oneID + "/config.v2.json": `{"ID": "` + oneID + `", "Name": "/n", ` + state + `}`})
		bundle := write(t, map[string]string{"config.json": `{"root": {"path": "` + dir + `/overlay2/layer/merged"}}`})
		if b := read(self(t).create("--bundle", bundle, oneID)); b == nil || b.Name != "n" || b.Build != want {
			t.Errorf("%s: read as %+v", state, b)
		}
	}
}

// TestCRIDockerd reads the labels that cri-dockerd has Docker keep of a pod's containers.
func TestCRIDockerd(t *testing.T) {
	for kind, want := range map[string]engine.Pod{
		"podsandbox": {Name: "web-0", Namespace: "shop", UID: "u-1", IsSandbox: true},
		"container":  {Name: "web-0", Namespace: "shop", UID: "u-1", SandboxID: otherID},
	} {
		labels := `"io.kubernetes.docker.type": "` + kind + `", "io.kubernetes.pod.name": "web-0", "io.kubernetes.pod.namespace": "shop",
			"io.kubernetes.pod.uid": "u-1", "io.kubernetes.container.name": "web", "secret": "private"`
		if !want.IsSandbox {
			labels += `, "io.kubernetes.sandbox.id": "` + otherID + `"`
		}
		dir := write(t, map[string]string{
			"containers/" + oneID + "/config.v2.json": `{"ID": "` + oneID + `", "Name": "/k8s_web_web-0_shop_u-1_0", "Config": {"Labels": {` + labels + `}}}`,
		})
		bundle := write(t, map[string]string{"config.json": `{"root": {"path": "` + dir + `/overlay2/layer/merged"}}`})
		b := read(self(t).create("--bundle", bundle, oneID))
		if b == nil || b.Name != "k8s_web_web-0_shop_u-1_0" || b.Annotations["secret"] != "" {
			t.Fatalf("%s: read as %+v", kind, b)
		}
		if got, ok := engine.PodOf(engine.Bundle{ID: oneID, Annotations: b.Annotations}); !ok || got != want {
			t.Errorf("%s: the pod is %+v, want %+v", kind, got, want)
		}
	}
}

// TestPodmanLists finds a container in either list of a storage: one that is removed when
// it stops (--rm, a quadlet) is in the volatile one.
func TestPodmanLists(t *testing.T) {
	entry := func(id, name string) string {
		return `[{"id": "` + id + `", "metadata": "{\"name\": \"` + name + `\", \"image-name\": \"localhost/` + name + `\"}"}]`
	}
	storage := write(t, map[string]string{
		"overlay-containers/containers.json":                          entry(oneID, "one"),
		"overlay-containers/volatile-containers.json":                 entry(otherID, "other"),
		"overlay-containers/" + oneID + "/userdata/config.json":       `{"annotations": {"io.container.manager": "libpod"}}`,
		"overlay-containers/" + otherID + "/userdata/config.json":     `{"annotations": {"io.container.manager": "libpod"}}`,
		"run/overlay-containers/volatile-containers.json":             entry(otherID, "transient"),
		"run/overlay-containers/" + otherID + "/userdata/config.json": `{"annotations": {"io.container.manager": "libpod"}}`,
	})
	for dir, want := range map[string]string{
		"overlay-containers/" + oneID: "one", "overlay-containers/" + otherID: "other", "run/overlay-containers/" + otherID: "transient",
	} {
		b := read(self(t).create("--bundle", storage+"/"+dir+"/userdata", filepath.Base(dir)))
		if b == nil || b.Name != want || b.Image != "localhost/"+want {
			t.Errorf("%s: read as %+v", dir, b)
		}
	}
}

// TestAnnotatedIdentity identifies containers whose bundle has all that is known of them.
func TestAnnotatedIdentity(t *testing.T) {
	const crio = `"io.container.manager": "cri-o", "io.kubernetes.cri-o.SandboxID": "pod", "io.kubernetes.cri-o.SandboxName": "k8s_mini_default_u-1_0"`
	for title, tt := range map[string]struct {
		annotations string
		name, image string
		pod         engine.Pod
	}{
		"nerdctl": {`"nerdctl/name": "web", "nerdctl/namespace": "default"`, "web", "", engine.Pod{}},
		"a container of CRI-O without kubelet": {
			crio + `, "io.kubernetes.cri-o.ContainerType": "container", "io.kubernetes.cri-o.Metadata": "{\"name\":\"main\"}", "io.kubernetes.cri-o.Image": "busybox"`,
			"main", "busybox", engine.Pod{Name: "mini", Namespace: "default", UID: "u-1", SandboxID: "pod"},
		},
		"a sandbox of CRI-O": {
			crio + `, "io.kubernetes.cri-o.ContainerType": "sandbox", "io.kubernetes.cri-o.Metadata": "{\"name\":\"mini\"}", "io.kubernetes.container.name": "POD"`,
			"POD", "", engine.Pod{Name: "mini", Namespace: "default", UID: "u-1", SandboxID: "pod", IsSandbox: true},
		},
		"a container of CRI-O under kubelet": {
			crio + `, "io.kubernetes.cri-o.ContainerType": "container", "io.kubernetes.cri-o.Metadata": "{}", "io.kubernetes.container.name": "main", "io.kubernetes.pod.name": "other"`,
			"main", "", engine.Pod{Name: "other", Namespace: "default", UID: "u-1", SandboxID: "pod"},
		},
		"a container in a pod of Podman": {
			`"io.container.manager": "libpod", "io.kubernetes.cri-o.SandboxID": "infra"`, "", "", engine.Pod{SandboxID: "infra"},
		},
	} {
		b := read(self(t).create("--bundle", write(t, map[string]string{"config.json": `{"annotations": {` + tt.annotations + `}}`}), "abc"))
		if b == nil || b.Name != tt.name || b.Image != tt.image {
			t.Errorf("%s: read as %+v", title, b)
			continue
		}
		if pod, _ := engine.PodOf(engine.Bundle{ID: "abc", Annotations: maps.Clone(b.Annotations)}); pod != tt.pod {
			t.Errorf("%s: the pod is %+v, want %+v", title, pod, tt.pod)
		}
	}
}
