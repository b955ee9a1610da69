package kernels

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// maySkip are the tests that may skip in a machine, and why.
var maySkip = map[string]string{
	"TestListenInReusedNamespace": "whether a number is given again is the kernel's affair",
}

// tested are the tests of package bpf that are run by each mechanism. What auto
// chooses is one of the others: of its tests only those that tell which.
var tested = map[string]string{
	"auto":       "^(TestModuleLoadedLater|TestEveryHook.*|TestTax|TestOpenTakes)$",
	"fentry":     ".",
	"kprobe":     ".",
	"tracepoint": ".",
}

// otherHosts are the tests that need no program but the test binary, and so
// run where this host's userland does not.
const otherHosts = "^Test(ModuleLoadedLater|EveryProgramLoads|EveryHook.*|Tax|OpenTakes|Cgroup|Netlink|Mount|NewMountAPI|PivotRoot|" +
	"UnshareByThread|CloneWithNamespaces|Setns|CostOfThreads|OpenRefuses|Clock|StatsAfterClose)$"

// TestProbes runs the tests of package bpf in each kernel, by each mechanism.
func TestProbes(t *testing.T) {
	eachKernel(t, func(t *testing.T, k Kernel) {
		binary := buildTests(t, "../bpf", k.Arch)
		for mechanism, tests := range tested {
			if k.Arch != runtime.GOARCH && tests == "." {
				tests = otherHosts
			}
			t.Run(mechanism, func(t *testing.T) {
				t.Parallel()
				m := Machine{
					Name: t.Name(), Kernel: k, Timeout: 15 * time.Minute,
					Initramfs: Initramfs{
						Load:  []string{"overlay", "bridge"},
						Carry: []string{"veth"},
						Files: map[string]string{"/bpf.test": binary},
						Command: "cd /tmp && CSE_MODULE_VETH=/modules/veth.ko exec /bpf.test" +
							" -test.v=test2json -test.timeout=12m -mechanism=" + mechanism + " -test.run='" + tests + "'",
					},
				}
				if k.Arch == runtime.GOARCH {
					m.Disks = []string{disk(t, userlands[0])}
				}
				c, err := m.Run(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				retell(t, c)
			})
		}
	})
}

func disk(t *testing.T, i Image) string {
	t.Helper()
	path, err := i.Path(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// buildTests builds the test binary of a package of this module.
func buildTests(t *testing.T, dir, arch string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), filepath.Base(dir)+".test")
	cmd := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", binary, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+arch)
	if _, err := output(cmd); err != nil {
		t.Fatal(err)
	}
	return binary
}

// event is one of test2json's.
type event struct {
	Action  string
	Test    string
	Output  string
	Elapsed float64
}

// retell tells each test of a machine's test binary as a subtest.
func retell(t *testing.T, c Console) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "tool", "test2json")
	cmd.Stdin = strings.NewReader(c.Output)
	out, err := output(cmd)
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]*bytes.Buffer{}
	failed := false
	for d := json.NewDecoder(strings.NewReader(out)); d.More(); {
		var e event
		if err := d.Decode(&e); err != nil {
			t.Fatal(err)
		}
		if said[e.Test] == nil {
			said[e.Test] = new(bytes.Buffer)
		}
		switch e.Action {
		case "output":
			said[e.Test].WriteString(e.Output)
		case "pass", "fail", "skip":
			if e.Test != "" {
				failed = failed || e.Action == "fail"
				t.Run(e.Test, func(t *testing.T) { e.retell(t, said[e.Test].String()) })
			}
		}
	}
	if c.Exit != 0 && !failed || len(said) < 2 {
		t.Errorf("the test binary ended with status %d; %s\n%s", c.Exit, c.Log, said[""])
	}
}

func (e event) retell(t *testing.T, said string) {
	t.Log(fmt.Sprintf("%.2f s in the machine\n", e.Elapsed) + said)
	switch _, may := maySkip[e.Test]; {
	case e.Action == "skip" && may:
		t.Skip(maySkip[e.Test])
	case e.Action != "pass":
		t.Error(e.Action, "in the machine")
	}
}
