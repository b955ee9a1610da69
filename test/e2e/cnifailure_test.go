package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

// failingNetwork is a CNI configuration like cniNetwork with a plugin at its end that is
// given.
const failingNetwork = `{
  "cniVersion": "0.4.0",
  "name": "failing",
  "plugins": [
    {"type": "bridge", "bridge": "cse-e2e1", "isGateway": true,
     "ipam": {"type": "host-local", "dataDir": "%[1]s/addresses", "ranges": [[{"subnet": "10.214.0.0/24"}]]}},
    %[2]s
  ]
}
`

// lastPlugins are plugins with which a network cannot be set up, and what a start then says.
var lastPlugins = []struct {
	name, config, text string
	errorType          string
	failures           float64 // of plugins that are executed
}{
	{"a plugin that fails", `{"type": "tuning", "sysctl": {"net.cse.missing": "1"}}`, "CNI plugin tuning failed with exit code 1", "network", 1},
	{"a plugin that is missing", `{"type": "cse-missing"}`, "is another one missing", "given_up", 0},
}

// sandboxOf finds the id of a sandbox in the error of a CRI client.
var sandboxOf = regexp.MustCompile(`sandbox \\*"([0-9a-f]{64})\\*"`)

// TestPodNetworkFails starts pods whose network cannot be set up: each is the failed start of
// a sandbox, although neither a shim nor a runtime is executed for it.
func TestPodNetworkFails(t *testing.T) {
	for _, g := range containerds {
		for _, last := range lastPlugins {
			t.Run(g.name+"/"+last.name, func(t *testing.T) {
				g.network = fmt.Sprintf(failingNetwork, "%[1]s", last.config)
				c := g.start(t)
				s, w := serve(t), watch(t)
				client := filepath.Join(criClient.Need(t), "cri")
				r := execute(t, exec.Command(client, "unix://"+c.socket(), fullImage, "netless", "one"))
				id := sandboxOf.FindStringSubmatch(r.stderr)
				if r.code == 0 || id == nil {
					t.Fatalf("the pod starts, or its sandbox has no id: %s", r)
				}
				one := w.wait(t, id[1])[id[1]]
				checkNetworkFailed(t, one, "cri", last.errorType, last.text)
				if one.Kind != "sandbox" || one.Pod.Name != "netless" {
					t.Errorf("%s of pod %+v; want the sandbox of netless", one.Kind, one.Pod)
				}
				failed := scrape.Labels{"engine": "cri", "kind": "sandbox", "phase": "prepare"}
				host.WaitFor(t, 10*time.Second, "a failure to be counted", func() bool {
					return s.scrape(t).Sum("container_start_failures_total", failed) == 1
				}, s.Stderr.String)
				ran := scrape.Labels{"program": "bridge", "command": "add"}
				if m := s.scrape(t); m.Sum("container_start_network_program_duration_seconds", ran) != 1 ||
					m.Sum("container_start_network_program_failures_total", ran) != 0 ||
					m.Sum("container_start_network_program_failures_total", scrape.Labels{"command": "add"}) != last.failures {
					t.Errorf("want one %v that did not fail, and %v failures", ran, last.failures)
				}
				nothingInProgress(t, s)
			})
		}
	}
}

// TestPodmanNetworkFails starts a container of Podman whose network cannot be set up. It
// looks for the plugins before it begins, and makes no container if one is missing.
func TestPodmanNetworkFails(t *testing.T) {
	p, last := needPodman(t, "crun", "cni"), lastPlugins[0]
	networks := filepath.Join(p.dir, "networks")
	if err := os.MkdirAll(networks, 0o755); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf(failingNetwork, p.dir, last.config)
	if err := os.WriteFile(filepath.Join(networks, "failing.conflist"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	w := watch(t)
	idFile := filepath.Join(t.TempDir(), "id")
	r := execute(t, p.cmd("run", "--cidfile", idFile, "--name", "netless", "--network", "failing", fullImage, "true"))
	if r.code == 0 || !strings.Contains(r.stderr, `plugin type="tuning" failed`) {
		t.Fatalf("the container starts, or fails otherwise: %s", r)
	}
	id := readFile(t, idFile)
	t.Cleanup(func() { must(t, p.cmd("rm", "--force", "--time", "0", id)) })
	one := w.wait(t, id)[id]
	checkNetworkFailed(t, one, "podman", last.errorType, last.text)
	if one.Kind != "container" || one.Name != "netless" {
		t.Errorf("%s %q; want container netless", one.Kind, one.Name)
	}
}

// checkNetworkFailed checks a start that failed because its network could not be set up.
func checkNetworkFailed(t *testing.T, r record, engine, errorType, text string) {
	t.Helper()
	checkRecord(t, r)
	if r.Outcome != "failed" || r.FailedPhase != "prepare" || r.ErrorType != errorType || r.Engine != engine {
		t.Errorf("%s in %s by %s: %s; want failed in prepare by %s: %s", r.Outcome, r.FailedPhase, r.Engine, r.ErrorType, engine, errorType)
	}
	if !strings.Contains(r.Error, text) {
		t.Errorf("error %q; want %q in it", r.Error, text)
	}
	var plugins []string
	for _, o := range r.operations("cni") {
		plugins = append(plugins, o.Attributes["plugin"])
	}
	if have := strings.Join(plugins, " "); !strings.Contains(have, "bridge") || !strings.Contains(have, "host-local") {
		t.Errorf("CNI plugins %s; bridge and host-local ran", have)
	}
}
