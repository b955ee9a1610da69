package engine

func init() { Register(cri) }

// cri is containerd's CRI plugin, by which kubelet starts pods. Its annotations
// are in internal/cri/annotations of containerd.
var cri = Engine{
	Name: CRI,
	Shim: containerdShim(func(namespace string) bool { return namespace == "k8s.io" }),
	Annotations: []string{
		"io.kubernetes.cri.container-type", "io.kubernetes.cri.container-name", "io.kubernetes.cri.image-name",
		"io.kubernetes.cri.sandbox-id", "io.kubernetes.cri.sandbox-name",
		"io.kubernetes.cri.sandbox-namespace", "io.kubernetes.cri.sandbox-uid",
	},
	Identify: func(c Container) (Identity, bool) {
		i := Identity{
			Name:  c.Annotations["io.kubernetes.cri.container-name"],
			Image: c.Annotations["io.kubernetes.cri.image-name"],
		}
		return i, i.isKnown()
	},
	Pod: func(b Bundle) (Pod, bool) {
		p := Pod{
			Name:      b.Annotations["io.kubernetes.cri.sandbox-name"],
			Namespace: b.Annotations["io.kubernetes.cri.sandbox-namespace"],
			UID:       b.Annotations["io.kubernetes.cri.sandbox-uid"],
			SandboxID: b.Annotations["io.kubernetes.cri.sandbox-id"],
			IsSandbox: b.Annotations["io.kubernetes.cri.container-type"] == "sandbox",
		}
		return p, p != Pod{}
	},
}
