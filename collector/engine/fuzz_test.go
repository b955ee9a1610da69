package engine

import (
	"path"
	"slices"
	"strings"
	"testing"

	"container_start_exporter/collector/argv"
)

// FuzzParse parses any words as the command line of a shim or a monitor: a start has an id,
// its id is a word of the line or the directory that one names, and its name is in the line.
func FuzzParse(f *testing.F) {
	for _, line := range []string{
		"containerd-shim-runc-v2 -namespace moby -id abc start", "containerd-shim-runc-v2 -id -namespace k8s.io", "containerd-shim-runc-v2 -id",
		"/usr/bin/conmon -c abc -n name --exit-dir /run/crio/exits", "conmon --cid  -n", "conmon -c abc --exec-attach", "conmon -n -c x", "conmon", "",
		"containerd-shim-runc-v2 -id a delete", "/-shim -id a", "containerd-shim -workdir /a/b", "containerd-shim-runc-v2-2.1 -id a",
	} {
		f.Add(strings.ReplaceAll(line, " ", "\n"))
	}
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Split(line, "\n")
		l, ok := Parse(argv.ProgramOf("", "", args))
		if !ok {
			if l != (Launch{}) {
				t.Errorf("%q: not a start, but %+v", args, l)
			}
			return
		}
		isID := func(word string) bool { return word == l.ID || lastDirectory(word) == l.ID }
		if l.ID == "" || !slices.ContainsFunc(args[1:], isID) || !strings.Contains(line, l.Name) {
			t.Errorf("%q: the start %+v", args, l)
		}
		by := slices.IndexFunc(engines, func(e Engine) bool { return e.Name == l.Engine })
		if by < 0 || !engines[by].Shim.isNamed(path.Base(args[0])) {
			t.Errorf("%q: the engine %q", args, l.Engine)
		}
	})
}

// FuzzPodOf finds the pod of any container: a pod is of something, and a sandbox of Podman
// is the container itself.
func FuzzPodOf(f *testing.F) {
	id := strings.Repeat("ab", 32)
	f.Add("c", "abababababab-infra", "/machine.slice/libpod_pod_"+id+".slice", podmanManager, "libpod")
	f.Add("c", "name", "", "io.kubernetes.cri.sandbox-id", "x")
	f.Add("", "-infra", ":::", "io.kubernetes.cri-o.ContainerType", "sandbox")
	f.Fuzz(func(t *testing.T, id, name, cgroup, key, value string) {
		p, ok := PodOf(Bundle{ID: id, Name: name, CgroupsPath: cgroup, Annotations: map[string]string{key: value}})
		if ok == (p == Pod{}) {
			t.Errorf("pod %+v, %t", p, ok)
		}
		if key == podmanManager && ok && (!p.IsSandbox || p.SandboxID != id) {
			t.Errorf("a pod of Podman's: %+v of %q", p, id)
		}
		if !ok && slices.Contains(Annotations(), key) && value != "" && strings.HasPrefix(key, "io.kubernetes.cri.sandbox-") {
			t.Errorf("%s=%q is no pod", key, value)
		}
	})
}
