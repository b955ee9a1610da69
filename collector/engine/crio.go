package engine

import "strings"

func init() { Register(crio) }

// crio is CRI-O, by which kubelet starts pods. Its annotations are in pkg/annotations
// of CRI-O; those of the pod are kubelet's labels.
var crio = Engine{
	Name:    CRIO,
	Daemons: []string{"crio"},
	Shim:    conmon(func(exitDir string) bool { return strings.Contains(exitDir, "/crio/") }),
	Annotations: []string{
		"io.kubernetes.cri-o.ContainerType", "io.kubernetes.cri-o.SandboxID", "io.kubernetes.cri-o.ImageName",
		"io.kubernetes.container.name",
		"io.kubernetes.pod.name", "io.kubernetes.pod.namespace", "io.kubernetes.pod.uid",
	},
	Identify: func(c Container) (Identity, bool) {
		i := Identity{
			Name:  c.Annotations["io.kubernetes.container.name"],
			Image: c.Annotations["io.kubernetes.cri-o.ImageName"],
		}
		return i, i != Identity{}
	},
	Pod: func(b Bundle) (Pod, bool) {
		p := Pod{
			Name:      b.Annotations["io.kubernetes.pod.name"],
			Namespace: b.Annotations["io.kubernetes.pod.namespace"],
			UID:       b.Annotations["io.kubernetes.pod.uid"],
			SandboxID: b.Annotations["io.kubernetes.cri-o.SandboxID"],
			IsSandbox: b.Annotations["io.kubernetes.cri-o.ContainerType"] == "sandbox",
		}
		return p, p != Pod{}
	},
}
