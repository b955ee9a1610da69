package collector

import (
	"cmp"
	"strings"
)

// kind tells a pod's sandbox from a container by the annotations that
// containerd's CRI plugin and CRI-O write.
func (t *attempt) kind() string {
	if t.bundle != nil {
		if t.isPodmanInfra() {
			return KindOfSandbox
		}
		for _, key := range []string{"io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"} {
			if t.bundle.Annotations[key] == KindOfSandbox {
				return KindOfSandbox
			}
		}
	}
	return KindOfContainer
}

// isPodmanInfra says that it is the container which holds a Podman pod's
// namespaces. Nothing in its bundle says so, but it is named after its pod,
// whose id is in its cgroup's path.
func (t *attempt) isPodmanInfra() bool {
	name, ok := strings.CutSuffix(cmp.Or(t.bundle.Name, t.name), "-infra")
	if !ok || len(name) < 12 || t.bundle.Annotations["io.container.manager"] != "libpod" {
		return false
	}
	for _, k := range containerKeys(strings.NewReplacer("_", "/", ".", "/", ":", "/", "-", "/").Replace(t.bundle.CgroupsPath)) {
		if k.text != t.id && strings.HasPrefix(k.text, name) {
			return true
		}
	}
	return false
}

// pod is the pod that the annotations of containerd's CRI plugin or of CRI-O
// name.
func (t *attempt) pod() *Pod {
	if t.bundle == nil {
		return nil
	}
	annotation := func(names ...string) string {
		for _, name := range names {
			if value := t.bundle.Annotations[name]; value != "" {
				return bounded(value)
			}
		}
		return ""
	}
	p := Pod{
		Name:      annotation("io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"),
		Namespace: annotation("io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"),
		UID:       annotation("io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"),
		SandboxID: annotation("io.kubernetes.cri.sandbox-id", "io.kubernetes.cri-o.SandboxID"),
	}
	if t.kind() == KindOfSandbox {
		p.SandboxID = t.id
	}
	if p == (Pod{}) {
		return nil
	}
	return &p
}

// sandboxes are the spans of the sandboxes' starts that were seen, by their id.
type sandboxes struct {
	spans map[string]spanID
	order []string
}

type spanID struct{ trace, span string }

// maxSandboxes bounds them: more than a node has pods.
const maxSandboxes = 4096

// see remembers a sandbox's start, and tells a container the one of its pod's.
func (l *sandboxes) see(s *Start) {
	if s.Pod == nil {
		return
	}
	if s.Kind != KindOfSandbox {
		sandbox := l.spans[s.Pod.SandboxID]
		s.Pod.SandboxTraceID, s.Pod.SandboxSpanID = sandbox.trace, sandbox.span
		return
	}
	if _, known := l.spans[s.ContainerID]; !known {
		l.order = append(l.order, s.ContainerID)
	}
	l.spans[s.ContainerID] = spanID{s.TraceID, s.SpanID}
	if len(l.order) > maxSandboxes {
		delete(l.spans, l.order[0])
		l.order = l.order[1:]
	}
}
