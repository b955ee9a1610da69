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

	"container_start_exporter/bpf"
)

// maySkip are the tests that may skip in a machine, and why.
var maySkip = map[string]string{
	"TestListenInReusedNamespace": "whether a number is given again is the kernel's affair",
}

// tested are the mechanisms that the tests of package bpf are run by in a
// machine, one after the other, and which of them.
var tested = []struct{ mechanism, run, skip string }{
	{mechanism: bpf.MechanismAuto, run: ".", skip: "^(" + ours + ")$"},
	// auto has it for all hooks that may have it: only which these are differs
	{mechanism: bpf.MechanismFentry, run: "^Test(ModuleLoadedLater|EveryHook.*)$"},
	{mechanism: bpf.MechanismKprobe, run: ".", skip: "^(" + ours + "|" + alike + ")$"},
	{mechanism: bpf.MechanismTracepoint, run: ".", skip: "^(" + ours + "|" + alike + ")$"},
}

// ours are the tests of what is not the kernel's affair: the host's run will
// do, as to attach takes long in a machine. TestPairs is for kernels that need
// no pairs: the others are run in pairs anyway.
const ours = "Test(Clock|Urgent|Lost|ReaderIsWoken|StatsAfterClose|OpenRefuses|Pairs|Preempts|Decode|RealTarget)|Fuzz.*"

// alike are the tests to which the mechanism is all the same: of what the
// tracepoints of processes tell, and of the objects.
const alike = "Test(CostOf.*|Signalled|LongArguments|Running|OpenLeavesMemlock|OpenTakes|EveryProgramLoads|AbsenceIsNotRemembered)"

// otherHosts are the tests that need no program but the test binary, and so
// run where this host's userland does not.
const otherHosts = "^Test(ModuleLoadedLater|EveryProgramLoads|EveryHook.*|Tax|OpenTakes|Cgroup|Netlink|Mount|NewMountAPI|PivotRoot|" +
	"UnshareByThread|CloneWithNamespaces|Setns|CostOfThreads|OpenRefuses|Clock|StatsAfterClose)$"

// TestProbes runs the tests of package bpf in each kernel, by each mechanism.
func TestProbes(t *testing.T) {
	eachKernel(t, func(t *testing.T, k Kernel) {
		m := Machine{
			Name: t.Name(), Kernel: k, Timeout: 20 * time.Minute,
			Initramfs: Initramfs{
				Load:    []string{"overlay", "bridge"},
				Carry:   []string{"veth"},
				Files:   map[string]string{"/bpf.test": buildTests(t, "../bpf", k.Arch)},
				Command: probesScript(k.Arch != runtime.GOARCH),
			},
		}
		if k.Arch == runtime.GOARCH {
			m.Disks = []string{disk(t, userlands[0])}
		}
		c, err := m.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Log(c.Log)
		said := sections(c.Output)
		for _, by := range tested {
			t.Run(by.mechanism, func(t *testing.T) { retell(t, said[by.mechanism]) })
		}
	})
}

// probesScript runs the test binary by each mechanism. What it says is a
// section, with its exit status as the last line.
func probesScript(otherHost bool) string {
	script := "cd /tmp\nexport CSE_MODULE_VETH=/modules/veth.ko\n"
	for _, by := range tested {
		if otherHost && by.run == "." {
			by.run = otherHosts
		}
		script += fmt.Sprintf("echo '== %s'\n/bpf.test -test.v=test2json -test.timeout=10m -mechanism=%[1]s -test.run='%s' -test.skip='%s'\n"+
			"status=$?\n/run/busybox rmmod veth\necho exit $status\n", by.mechanism, by.run, by.skip)
	}
	return script
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

// retell tells each test of a test binary that ran in a machine as a subtest.
func retell(t *testing.T, said string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "tool", "test2json", "-t")
	cmd.Stdin = strings.NewReader(said)
	out, err := output(cmd)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]*bytes.Buffer{}
	failed := false
	for d := json.NewDecoder(strings.NewReader(out)); d.More(); {
		var e event
		if err := d.Decode(&e); err != nil {
			t.Fatal(err)
		}
		if by[e.Test] == nil {
			by[e.Test] = new(bytes.Buffer)
		}
		switch e.Action {
		case "output":
			by[e.Test].WriteString(e.Output)
		case "pass", "fail", "skip":
			if e.Test != "" {
				failed = failed || e.Action == "fail"
				t.Run(e.Test, func(t *testing.T) { e.retell(t, by[e.Test].String()) })
			}
		}
	}
	if passed := strings.HasSuffix(strings.TrimSpace(said), "\nexit 0"); !passed && !failed || len(by) < 2 {
		t.Errorf("the test binary failed otherwise than in a test:\n%s", said)
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
