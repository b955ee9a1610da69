package kubelet

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/tools"
)

// Where etcd and the API server answer on the node.
const (
	etcdURL = "http://127.0.0.1:12379"
	peerURL = "http://127.0.0.1:12380"
	apiPort = "16443"
	apiURL  = "https://127.0.0.1:" + apiPort
)

// tokens are by whom the API server knows its clients: lines of token, user, number, group.
const tokens = `administrator-token,administrator,1,"system:masters"
controller-token,system:kube-controller-manager,2,"system:masters"
scheduler-token,system:kube-scheduler,3,"system:masters"
node-token,system:node:` + nodeName + `,4,"system:nodes"
`

// kubeconfig is how a client finds the API server: a format, whose argument is its token.
const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: cluster, cluster: {server: "` + apiURL + `", insecure-skip-tls-verify: true}}]
users: [{name: user, user: {token: %s}}]
contexts: [{name: context, context: {cluster: cluster, user: user}}]
current-context: context
`

// startCluster makes a node that is a whole cluster, and waits until it is ready: etcd, the API
// server, the controllers and the scheduler run beside kubelet.
func startCluster(t *testing.T) *node {
	t.Helper()
	n := startContainerd(t, tools.ControlPlane)
	n.write(t, "tokens.csv", tokens)
	n.writeKey(t, "service-accounts")
	for _, client := range []string{"administrator", "controller", "scheduler", "node"} {
		n.write(t, client+".kubeconfig", fmt.Sprintf(kubeconfig, client+"-token"))
	}
	file := func(name string) string { return filepath.Join(n.work, name) }

	etcd := n.launch(t, "etcd", "server", "--data-dir", file("etcd"), "--listen-client-urls", etcdURL, "--advertise-client-urls", etcdURL,
		"--listen-peer-urls", peerURL, "--initial-advertise-peer-urls", peerURL, "--initial-cluster", "default="+peerURL, "--unsafe-no-fsync")
	etcd.WaitFor(t, time.Minute, "etcd to be healthy", func() bool { return n.get(etcdURL+"/health") != "" })

	api := n.launch(t, "kube-apiserver", "kube-apiserver", "--etcd-servers", etcdURL, "--bind-address", "127.0.0.1", "--secure-port", apiPort,
		"--advertise-address", nodeAddress, "--cert-dir", file("api"), "--service-cluster-ip-range", "10.216.0.0/24",
		"--service-account-issuer", apiURL, "--service-account-key-file", file("service-accounts.pub"),
		"--service-account-signing-key-file", file("service-accounts.key"), "--token-auth-file", file("tokens.csv"),
		"--authorization-mode", "Node,RBAC", "--allow-privileged")
	api.WaitFor(t, 2*time.Minute, "the API server to be ready", func() bool { return n.kubectl("get", "--raw", "/readyz").Run() == nil })

	n.launch(t, "kube-controller-manager", "kube-controller-manager", "--kubeconfig", file("controller.kubeconfig"),
		"--bind-address", "127.0.0.1", "--cert-dir", file("controller"), "--leader-elect=false",
		"--service-account-private-key-file", file("service-accounts.key"), "--root-ca-file", file("api/apiserver.crt"))
	n.launch(t, "kube-scheduler", "kube-scheduler", "--kubeconfig", file("scheduler.kubeconfig"),
		"--bind-address", "127.0.0.1", "--cert-dir", file("scheduler"), "--leader-elect=false")
	n.startKubelet(t, "--kubeconfig", file("node.kubeconfig"))
	host.WaitFor(t, 2*time.Minute, "the node to be ready", func() bool {
		return n.kubectl("wait", "--for=condition=Ready", "node/"+nodeName, "--timeout=2s").Run() == nil
	}, nil)
	return n
}

// writeKey writes a private key to NAME.key and the public one to NAME.pub.
func (n *node) writeKey(t *testing.T, name string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	n.write(t, name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})))
	n.write(t, name+".pub", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})))
}

// kubectl returns kubectl as the cluster's administrator.
func (n *node) kubectl(words ...string) *exec.Cmd {
	return n.command(slices.Concat([]string{"kubectl", "--request-timeout=20s", "--kubeconfig", filepath.Join(n.work, "administrator.kubeconfig")}, words)...)
}

// apply makes the cluster have what YAML documents describe.
func (n *node) apply(t *testing.T, name, documents string) {
	t.Helper()
	n.write(t, name, documents)
	host.Must(t, n.kubectl("apply", "-f", filepath.Join(n.work, name)))
}

// rollOut waits until the newest pods of a Deployment or DaemonSet are ready.
func (n *node) rollOut(t *testing.T, namespace, name string) {
	t.Helper()
	host.Must(t, n.kubectl("rollout", "status", name, "--namespace="+namespace, "--timeout=50s"))
}

// clusterPods returns the pods that a field selector selects, of all namespaces.
func (n *node) clusterPods(t *testing.T, selector string) []pod {
	t.Helper()
	var list struct{ Items []pod }
	answer := host.Must(t, n.kubectl("get", "pods", "--all-namespaces", "--field-selector="+selector, "--output=json"))
	if err := json.Unmarshal([]byte(answer), &list); err != nil {
		t.Fatalf("the cluster's pods: %v in %s", err, answer)
	}
	return list.Items
}
