package kubelet

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/tools"
)

// containerdConfig is containerd's configuration: a format, whose argument is the node's
// directory. The sandboxes' image is local. restrict_oom_score_adj is set because a score can
// be lowered only with CAP_SYS_RESOURCE.
const containerdConfig = `version = 3
root = "%[1]s/containerd"
state = "/run/containerd"
[grpc]
address = "/run/containerd/containerd.sock"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "` + host.FullImage + `"
[plugins.'io.containerd.cri.v1.runtime']
restrict_oom_score_adj = true
disable_apparmor = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = ["/usr/lib/cni", "%[1]s/cni-plugins"]
conf_dir = "%[1]s/cni"
[plugins.'io.containerd.nri.v1.nri']
disable = true
`

//go:embed refuse.sh
var refusePlugin string

// podNetwork is the CNI configuration of the pods' network.
const podNetwork = `{
  "cniVersion": "1.0.0",
  "name": "pods",
  "plugins": [
    {"type": "bridge", "bridge": "pods0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
     "ipam": {"type": "host-local", "dataDir": "/run/addresses", "ranges": [[{"subnet": "10.215.0.0/24"}]],
              "routes": [{"dst": "0.0.0.0/0"}]}},
    {"type": "portmap", "capabilities": {"portMappings": true}},
    {"type": "refuse"}
  ]
}
`

// kubeletConfig is kubelet's configuration: a format, whose arguments are the node's directory
// and the parent of the pods' cgroups. It leaves out what needs an API server or
// CAP_SYS_RESOURCE, evicts no pod, and repeats what has crashed after a second.
const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
staticPodPath: %[1]s/manifests
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
volumePluginDir: %[1]s/plugins
address: 127.0.0.1
readOnlyPort: 10255
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
cgroupDriver: cgroupfs
cgroupRoot: %[2]s
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
oomScoreAdj: 0
evictionHard: {memory.available: 1Mi}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
makeIPTablesUtilChains: false
crashLoopBackOff: {maxContainerRestartPeriod: 1s}
featureGates: {KubeletCrashLoopBackOffMax: true}
`

// kubeletURL is where kubelet answers on the node.
const kubeletURL = "http://127.0.0.1:10255"

// startNode makes a node whose kubelet waits for manifests in a directory.
func startNode(t *testing.T) *node {
	t.Helper()
	n := startContainerd(t)
	n.startKubelet(t)
	return n
}

// startContainerd makes a node that runs containerd, with the image in it. Its programs are
// those of further sets, too.
func startContainerd(t *testing.T, further ...*tools.Set) *node {
	t.Helper()
	host.NeedRoot(t)
	host.NeedFile(t, "/usr/lib/cni/bridge", "containernetworking-plugins")
	host.NeedProgram(t, "iptables", "iptables")
	begin := time.Now()
	var programs []string
	for _, set := range append([]*tools.Set{tools.Containerd2, tools.Runc15, tools.Kubelet}, further...) {
		programs = append(programs, set.Need(t))
	}
	t.Logf("the node's programs are built after %v", time.Since(begin).Round(time.Second))
	n := boot(t, programs...)
	n.write(t, "containerd.toml", fmt.Sprintf(containerdConfig, n.work))
	n.write(t, "cni/10-pods.conflist", podNetwork)
	n.write(t, "cni-plugins/refuse", refusePlugin)
	if err := os.Chmod(filepath.Join(n.work, "cni-plugins/refuse"), 0o755); err != nil {
		t.Fatal(err)
	}
	n.containerd = n.launch(t, "containerd", "containerd", "--config", filepath.Join(n.work, "containerd.toml"))
	n.containerd.WaitFor(t, 30*time.Second, "containerd to answer", func() bool { return n.command("ctr", "version").Run() == nil })
	archive, err := host.ImageArchive()
	if err != nil {
		t.Fatal(err)
	}
	n.importImage(t, archive)
	return n
}

func (n *node) importImage(t *testing.T, archive string) {
	t.Helper()
	host.Must(t, n.command("ctr", "-n", "k8s.io", "images", "import", "--all-platforms", archive))
}

// startKubelet starts kubelet with further flags.
func (n *node) startKubelet(t *testing.T, flags ...string) {
	t.Helper()
	n.write(t, "kubelet.yaml", fmt.Sprintf(kubeletConfig, n.work, n.cgroup))
	n.write(t, "manifests/.keep", "")
	words := []string{"kubelet", "--config", filepath.Join(n.work, "kubelet.yaml"), "--hostname-override", nodeName,
		"--node-ip", nodeAddress, "--root-dir", filepath.Join(n.work, "kubelet"), "--cert-dir", filepath.Join(n.work, "certificates")}
	p := n.launch(t, "kubelet", append(words, flags...)...)
	p.WaitFor(t, time.Minute, "kubelet to answer", func() bool { return n.get(kubeletURL+"/pods") != "" })
}

// launch starts a daemon, which ends before the node.
func (n *node) launch(t *testing.T, name string, words ...string) *host.Process {
	t.Helper()
	p, err := host.Launch(n.command(words...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.End(os.Interrupt, 20*time.Second)
		if t.Failed() {
			t.Logf("the end of what %s has written:\n%s", name, tail(p.Stderr.String(), 4000))
		}
	})
	return p
}

func tail(text string, n int) string { return text[max(0, len(text)-n):] }
