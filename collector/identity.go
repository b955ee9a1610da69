package collector

import (
	"cmp"
	"strings"
)

// kind returns KindOfSandbox for a pod's sandbox, else KindOfContainer, by the
// annotations that containerd's CRI plugin and CRI-O write.
func (att *attempt) kind() string {
	if att.bundle != nil {
		if att.isPodmanInfra() {
			return KindOfSandbox
		}
		for _, key := range []string{"io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"} {
			if att.bundle.Annotations[key] == KindOfSandbox {
				return KindOfSandbox
			}
		}
	}
	return KindOfContainer
}

// isPodmanInfra reports whether this is the container that holds the namespaces of
// a Podman pod. Its bundle does not say so, but it is named after its pod, whose
// id is in its cgroup's path.
func (att *attempt) isPodmanInfra() bool {
	name, ok := strings.CutSuffix(cmp.Or(att.bundle.Name, att.name), "-infra")
	if !ok || len(name) < 12 || att.bundle.Annotations["io.container.manager"] != "libpod" {
		return false
	}
	for _, k := range containerKeys(strings.NewReplacer("_", "/", ".", "/", ":", "/", "-", "/").Replace(att.bundle.CgroupsPath)) {
		if k.text != att.id && strings.HasPrefix(k.text, name) {
			return true
		}
	}
	return false
}

// pod returns the pod in the annotations of containerd's CRI plugin or of CRI-O,
// nil if there is none.
func (att *attempt) pod() *Pod {
	if att.bundle == nil {
		return nil
	}
	annotation := func(names ...string) string {
		for _, name := range names {
			if value := att.bundle.Annotations[name]; value != "" {
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
	if att.kind() == KindOfSandbox {
		p.SandboxID = att.id
	}
	if p == (Pod{}) {
		return nil
	}
	return &p
}

// podSandboxes are the spans of the sandbox starts that were seen, by container id.
type podSandboxes struct {
	spans map[string]spanID
	order []string
}

type spanID struct{ trace, span string }

// maxSandboxes bounds them: a node has fewer pods.
const maxSandboxes = 4096

// remember keeps the span of a sandbox's start, and adds that of its pod's sandbox
// to a container's start.
func (p *podSandboxes) remember(s *Start) {
	if s.Pod == nil {
		return
	}
	if s.Kind != KindOfSandbox {
		sandbox := p.spans[s.Pod.SandboxID]
		s.Pod.SandboxTraceID, s.Pod.SandboxSpanID = sandbox.trace, sandbox.span
		return
	}
	if _, known := p.spans[s.ContainerID]; !known {
		p.order = append(p.order, s.ContainerID)
	}
	p.spans[s.ContainerID] = spanID{s.TraceID, s.SpanID}
	if len(p.order) > maxSandboxes {
		delete(p.spans, p.order[0])
		p.order = p.order[1:]
	}
}
