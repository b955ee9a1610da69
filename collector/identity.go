package collector

import (
	"cmp"

	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/start"
)

// pod returns the kind of a start, and its pod as an engine's annotations show it;
// nil if it has none.
func (att *attempt) pod() (kind string, pod *start.Pod) {
	kind, pod = att.podByAnnotations()
	switch {
	case !att.origin.isHost():
		kind = start.Nested
	case att.build:
		kind = start.Build
	}
	return kind, pod
}

func (att *attempt) podByAnnotations() (kind string, pod *start.Pod) {
	if att.rolledBack != nil {
		return podOf(att.rolledBack, att.id)
	}
	if att.bundle == nil {
		return start.Container, nil
	}
	p, ok := engine.PodOf(engine.Bundle{
		ID: att.id, Name: cmp.Or(att.bundle.Name, att.name),
		CgroupsPath: att.bundle.CgroupsPath, Annotations: att.bundle.Annotations,
	})
	if !ok {
		return start.Container, nil
	}
	return podOf(&p, att.id)
}

// podOf returns the kind of the start of a container of a pod, and the pod.
func podOf(p *engine.Pod, id string) (kind string, pod *start.Pod) {
	pod = &start.Pod{Name: bounded(p.Name), Namespace: bounded(p.Namespace), UID: bounded(p.UID), SandboxID: bounded(p.SandboxID)}
	if !p.IsSandbox {
		return start.Container, pod
	}
	pod.SandboxID = id
	return start.Sandbox, pod
}

// podSandboxes are the spans of the sandbox starts that were seen, by container id. That of a
// sandbox whose start was not seen, but that of a container of its pod, is empty.
type podSandboxes struct {
	spans map[string]spanID
	order []string
}

type spanID struct{ trace, span string }

// maxSandboxes bounds them: a node has fewer pods.
const maxSandboxes = 4096

// remember keeps the span of a sandbox's start, and adds that of its pod's sandbox
// to a container's start.
func (p *podSandboxes) remember(s *start.Start) {
	if s.Pod == nil {
		return
	}
	if s.Kind == start.Sandbox {
		p.keep(s.ContainerID, spanID{s.TraceID, s.SpanID})
		return
	}
	sandbox := p.spans[s.Pod.SandboxID]
	s.Pod.SandboxTraceID, s.Pod.SandboxSpanID = sandbox.trace, sandbox.span
	p.keep(s.Pod.SandboxID, sandbox)
}

func (p *podSandboxes) keep(id string, span spanID) {
	if !p.has(id) {
		p.order = append(p.order, id)
	}
	p.spans[id] = span
	if len(p.order) > maxSandboxes {
		delete(p.spans, p.order[0])
		p.order = p.order[1:]
	}
}

// has reports whether a start of a sandbox, or of a container of its pod, was seen.
func (p *podSandboxes) has(id string) bool {
	_, known := p.spans[id]
	return known
}
