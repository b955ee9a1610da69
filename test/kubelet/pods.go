package kubelet

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// pod is a pod as kubelet reports it.
type pod struct {
	Metadata struct{ Name, Namespace, UID string }
	Spec     struct {
		HostNetwork, HostPID, HostIPC bool
		HostUsers                     *bool
	}
	Status struct {
		Phase, PodIP, QOSClass string
		InitContainerStatuses  []containerStatus
		ContainerStatuses      []containerStatus
	}
}

type containerStatus struct {
	Name, Image, ContainerID string
	Ready                    bool
	RestartCount             int
	State                    struct {
		Waiting, Running, Terminated *struct{ Reason, Message string }
	}
}

// containers returns the pod's containers, those of its initialisation first.
func (p pod) containers() []containerStatus {
	return slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses)
}

// namespaces returns which namespaces the start of the pod's sandbox or of a container makes,
// but for that of cgroups, which depends on their version.
func (p pod) namespaces(kind string) []string {
	made := []string{"mnt"}
	add := func(namespace string, makes bool) {
		if makes {
			made = append(made, namespace)
		}
	}
	sandbox := kind == "sandbox"
	add("uts", sandbox && !p.Spec.HostNetwork)
	add("ipc", sandbox && !p.Spec.HostIPC)
	add("pid", !p.Spec.HostPID) // containers do not share theirs
	add("net", sandbox && !p.Spec.HostNetwork)
	add("user", sandbox && p.Spec.HostUsers != nil && !*p.Spec.HostUsers)
	return made
}

// workload returns the name of the workload that the pod is of: kubelet adds the node's.
func (p pod) workload() string { return strings.TrimSuffix(p.Metadata.Name, "-"+nodeName) }

// workload is a static pod, and what it has to have reached.
type workload struct {
	name    string
	spec    string // YAML
	reached func(pod) bool
}

// namespace returns the namespace of a workload's pod.
func (w workload) namespace() string { return "of-" + w.name }

// manifest returns the workload as kubelet reads it.
func (w workload) manifest() string {
	return fmt.Sprintf("apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: %s}\nspec:\n  terminationGracePeriodSeconds: 1\n%s",
		w.name, w.namespace(), w.spec)
}

// container returns a container in a pod's specification, with further fields.
func container(name, script string, more ...string) string {
	fields := append([]string{"name: " + name, "image: " + host.FullImage, "imagePullPolicy: Never",
		fmt.Sprintf("command: [/bin/sh, -c, %q]", script)}, more...)
	return "  - {" + strings.Join(fields, ", ") + "}\n"
}

const sleep = "exec sleep 3600"

// running, succeeded and restarted are what a pod may have to reach.
func running(p pod) bool {
	return p.Status.Phase == "Running" && !slices.ContainsFunc(p.Status.ContainerStatuses, func(c containerStatus) bool { return !c.Ready })
}

func succeeded(p pod) bool { return p.Status.Phase == "Succeeded" }

func restarted(times int) func(pod) bool {
	return func(p pod) bool { return len(p.containers()) > 0 && p.containers()[0].RestartCount >= times }
}

// workloads are what pods are made of, but for their number.
var workloads = []workload{
	{"single", "  containers:\n" + container("main", sleep), running},
	{"two", "  containers:\n" + container("first", sleep) + container("second", sleep), running},
	{"init", "  initContainers:\n" + container("init-1", "sleep 0.5") + container("init-2", "true") +
		"  containers:\n" + container("main", sleep), running},
	{"sidecar", "  initContainers:\n" +
		container("sidecar", "sleep 1; touch /tmp/up; "+sleep, "restartPolicy: Always", "startupProbe: "+everySecond("ls", "/tmp/up")) +
		"  containers:\n" + container("main", sleep), running},
	{"probed", "  containers:\n" + container("main", sleep, "livenessProbe: "+everySecond("/bin/true"), "readinessProbe: "+everySecond("/bin/true"),
		"lifecycle: {postStart: {exec: {command: [sleep, \"0.2\"]}}}"), running},
	{"crashing", "  containers:\n" + container("main", "exit 3"), restarted(3)},
	{"missing", "  containers:\n" + strings.Replace(container("main", ""), "/bin/sh", "/missing", 1), restarted(1)},
	{"hostport", "  containers:\n" + container("main", "exec nc -l -p 8080", "ports: [{containerPort: 8080, hostPort: 18080}]"), running},
	{"hostnetwork", "  hostNetwork: true\n  containers:\n" + container("main", sleep), running},
	{"hostnamespaces", "  hostPID: true\n  hostIPC: true\n  shareProcessNamespace: false\n  containers:\n" + container("main", sleep), running},
	{"limited", "  containers:\n" + container("main", sleep, "resources: {requests: {cpu: 10m}, limits: {memory: 64Mi}}"), running},
	{"volumes", volumes(40), running},
	{"refused", "  containers:\n" + container("main", sleep), func(p pod) bool { return p.Status.Phase == "Pending" }},
}

// withUserNamespace is a pod whose root is another user on the node.
var withUserNamespace = workload{"userns", "  hostUsers: false\n  containers:\n" + container("main", sleep), running}

// everySecond returns an exec probe.
func everySecond(command ...string) string {
	return "{exec: {command: [" + strings.Join(command, ", ") + "]}, periodSeconds: 1, timeoutSeconds: 10}"
}

// volumes returns a pod with n volumes: directories of its own and of the node in turn.
func volumes(n int) string {
	var mounts, volumes []string
	for i := range n {
		mounts = append(mounts, fmt.Sprintf("{name: v%d, mountPath: /mnt/%d}", i, i))
		source := "emptyDir: {}"
		if i%2 == 1 {
			source = "hostPath: {path: /usr}"
		}
		volumes = append(volumes, fmt.Sprintf("{name: v%d, %s}", i, source))
	}
	return "  volumes: [" + strings.Join(volumes, ", ") + "]\n  containers:\n" +
		container("main", sleep, "volumeMounts: ["+strings.Join(mounts, ", ")+"]")
}

// job returns n pods that run once.
func job(n int) (all []workload) {
	for i := range n {
		all = append(all, workload{fmt.Sprintf("job-%d", i), "  restartPolicy: Never\n  containers:\n" + container("main", "true"), succeeded})
	}
	return all
}

// run gives kubelet workloads at once, and waits until each has reached what it has to.
func (n *node) run(t *testing.T, all ...workload) {
	t.Helper()
	for _, w := range all {
		n.write(t, w.name+".yaml", w.manifest())
	}
	for _, w := range all { // whole files only
		if err := os.Rename(filepath.Join(n.work, w.name+".yaml"), filepath.Join(n.work, "manifests", w.name+".yaml")); err != nil {
			t.Fatal(err)
		}
	}
	var left map[string]any
	host.WaitFor(t, time.Minute, fmt.Sprintf("%d workloads", len(all)), func() bool {
		time.Sleep(200 * time.Millisecond)
		pods := n.pods(t)
		left = map[string]any{}
		for _, w := range all {
			if p, ok := pods[w.name]; !ok || !w.reached(p) {
				left[w.name] = p.Status
			}
		}
		return len(left) == 0
	}, func() string {
		text, _ := json.MarshalIndent(left, "", " ")
		return string(text)
	})
}

// stop takes all workloads from kubelet, and waits until it has ended their pods.
func (n *node) stop(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(n.work, "manifests/*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	var left float64
	host.WaitFor(t, time.Minute, "kubelet to have ended all pods", func() bool {
		time.Sleep(200 * time.Millisecond)
		left = n.scrape(t, kubeletURL+"/metrics").Sum("kubelet_running_pods", nil)
		return left == 0
	}, func() string { return fmt.Sprintf("%v are running", left) })
}

// pods returns kubelet's pods by workload.
func (n *node) pods(t *testing.T) map[string]pod {
	t.Helper()
	var list struct{ Items []pod }
	answer := n.get(kubeletURL + "/pods")
	if err := json.Unmarshal([]byte(answer), &list); err != nil {
		t.Fatalf("kubelet's pods: %v in %q", err, answer)
	}
	all := map[string]pod{}
	for _, p := range list.Items {
		all[p.workload()] = p
	}
	return all
}
