package engine

import (
	"cmp"
	"encoding/json"
	"strings"
)

func init() { Register(crio) }

// crio is CRI-O, by which kubelet starts pods. Its annotations are in pkg/annotations
// of CRI-O; those of the pod are kubelet's labels, which other clients (crictl) do not set.
var crio = Engine{
	Name:         CRIO,
	Daemons:      []string{"crio"},
	PodNetworks:  CRIO,
	OnlyNetworks: true,
	Shim:         conmon(func(exitDir string) bool { return strings.Contains(exitDir, "/crio/") }, crioName),
	Annotations: []string{
		"io.kubernetes.cri-o.ContainerType", "io.kubernetes.cri-o.SandboxID", "io.kubernetes.cri-o.SandboxName",
		"io.kubernetes.cri-o.Metadata", "io.kubernetes.cri-o.ImageName", "io.kubernetes.cri-o.Image",
		"io.kubernetes.container.name",
		"io.kubernetes.pod.name", "io.kubernetes.pod.namespace", "io.kubernetes.pod.uid",
	},
	Identify: func(c Container) (Identity, bool) {
		i := Identity{
			Name:  cmp.Or(c.Annotations["io.kubernetes.container.name"], crioMetadataName(c.Annotations)),
			Image: cmp.Or(c.Annotations["io.kubernetes.cri-o.ImageName"], c.Annotations["io.kubernetes.cri-o.Image"]),
		}
		return i, i.isKnown() && c.Annotations["io.kubernetes.cri-o.ContainerType"] != ""
	},
	Pod: func(b Bundle) (Pod, bool) {
		p := crioSandbox(b.Annotations["io.kubernetes.cri-o.SandboxName"])
		p.Name = cmp.Or(b.Annotations["io.kubernetes.pod.name"], p.Name)
		p.Namespace = cmp.Or(b.Annotations["io.kubernetes.pod.namespace"], p.Namespace)
		p.UID = cmp.Or(b.Annotations["io.kubernetes.pod.uid"], p.UID)
		p.SandboxID = b.Annotations["io.kubernetes.cri-o.SandboxID"]
		p.IsSandbox = b.Annotations["io.kubernetes.cri-o.ContainerType"] == "sandbox"
		return p, p != Pod{} && b.Annotations["io.kubernetes.cri-o.ContainerType"] != ""
	},
}

// crioMetadataName returns the name of a container as its client gave it; empty if it is
// not known. The metadata of a sandbox has the name of the pod.
func crioMetadataName(annotations map[string]string) string {
	var m struct {
		Name string `json:"name"`
	}
	if annotations["io.kubernetes.cri-o.ContainerType"] != "container" {
		return ""
	}
	_ = json.Unmarshal([]byte(annotations["io.kubernetes.cri-o.Metadata"]), &m) // what is not JSON names nothing
	return m.Name
}

// crioSandbox reads the name that CRI-O gives to a pod: k8s_NAME_NAMESPACE_UID_ATTEMPT, of
// which none has an underscore in Kubernetes. A name with others is not read.
func crioSandbox(name string) Pod {
	parts := strings.Split(name, "_")
	if len(parts) != 5 || parts[0] != "k8s" {
		return Pod{}
	}
	return Pod{Name: parts[1], Namespace: parts[2], UID: parts[3]}
}

// crioName returns the container's own name of the one that CRI-O gives to its monitor:
// k8s_NAME_POD_NAMESPACE_UID_ATTEMPT.
func crioName(name string) string {
	if parts := strings.Split(name, "_"); len(parts) == 6 && parts[0] == "k8s" {
		return parts[1]
	}
	return name
}
