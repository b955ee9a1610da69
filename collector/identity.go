package collector

// kind tells a pod's sandbox from a container by the annotations that
// containerd's CRI plugin and CRI-O write.
func (t *attempt) kind() string {
	if t.bundle != nil {
		for _, key := range []string{"io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType"} {
			if t.bundle.Annotations[key] == KindOfSandbox {
				return KindOfSandbox
			}
		}
	}
	return KindOfContainer
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
	if p == (Pod{}) {
		return nil
	}
	return &p
}

// sandboxes are the starts of sandboxes that were seen, by their id.
type sandboxes struct {
	starts map[string]*Start
	order  []string
}

// maxSandboxes bounds them: more than a node has pods.
const maxSandboxes = 4096

// see remembers a sandbox's start, and tells a container the one of its pod's.
func (l *sandboxes) see(s *Start) {
	if s.Pod == nil {
		return
	}
	if s.Kind != KindOfSandbox {
		if sandbox := l.starts[s.Pod.SandboxID]; sandbox != nil {
			s.Pod.SandboxTraceID, s.Pod.SandboxSpanID = sandbox.TraceID, sandbox.SpanID
		}
		return
	}
	if _, known := l.starts[s.ContainerID]; !known {
		l.order = append(l.order, s.ContainerID)
	}
	l.starts[s.ContainerID] = s
	if len(l.order) > maxSandboxes {
		delete(l.starts, l.order[0])
		l.order = l.order[1:]
	}
}
