package kernels

import (
	"bytes"
	"cmp"
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
	"container_start_exporter/test/debian"
)

// maySkip are the tests that may skip in a machine, and the reason.
var maySkip = map[string]string{
	"TestListenInReusedNamespace": "the kernel decides whether it reuses a namespace's inode number",
}

// tested are the mechanisms with which the tests of package bpf run in a
// machine, one after the other, and which tests run with each.
var tested = []struct{ mechanism, run, skip string }{
	{mechanism: bpf.MechanismAuto, run: ".", skip: "^(" + ours + ")$"},
	// auto uses fentry for all probes that may use it: only the set of probes differs
	{mechanism: bpf.MechanismFentry, run: "^Test(ModuleLoadedLater|EveryProbe.*)$"},
	{mechanism: bpf.MechanismKprobe, run: ".", skip: "^(" + ours + "|" + alike + ")$"},
	{mechanism: bpf.MechanismTracepoint, run: ".", skip: "^(" + ours + "|" + alike + ")$"},
}

// ours are the tests of code that does not depend on the kernel: they run on the
// host only. TestPairs is for kernels
// that need no pairs of programs: the others attach pairs in every test.
const ours = "Test(MissesEvents|WantedVariables|Clock|Urgent|Lost|ReaderIsWoken|StatsAfterClose|OpenRefuses|Pairs|Preempts|Decode|RealTarget)|Fuzz.*"

// alike are the tests that do not depend on the mechanism: those of the events
// of process tracepoints, of pids, and of the objects.
const alike = "Test(Environment.*|Plugin.*|Names|ShimExecutesRuntime|Signalled|LongArguments|Running|" +
	"Node|InNode|Origin|CostOf.*|OpenLeavesMemlock|OpenTakes|EveryProgramLoads|AbsenceIsNotRemembered)"

// slow are the tests that take most of the time of a mechanism, as they attach the
// probes anew or make thousands of events. Between the first and the last kernel they
// run with auto only.
const slow = "Test(OpenWithoutTracefs|TooFewOpenFiles|Quotas)"

// otherHosts are the tests that need no program but the test binary: they run on
// an architecture for which there is no userland here.
const otherHosts = "^Test(ModuleLoadedLater|EveryProgramLoads|EveryProbe.*|Tax|OpenTakes|Cgroup|Netlink|Mount|NewMountAPI|PivotRoot|" +
	"UnshareByThread|CloneWithNamespaces|Setns|CostOfThreads|OpenRefuses|Clock|StatsAfterClose)$"

// TestProbes runs the tests of package bpf in each kernel, with each mechanism.
func TestProbes(t *testing.T) {
	eachKernel(t, func(t *testing.T, k Kernel) {
		m := Machine{
			Name: t.Name(), Kernel: k, Timeout: 30 * time.Minute,
			Initramfs: Initramfs{
				Load:    []string{"overlay", "bridge"},
				Carry:   []string{"veth"},
				Files:   map[string]string{"/bpf.test": buildTests(t, "../../bpf", k.Arch)},
				Command: probesScript(k.Arch != runtime.GOARCH, isBetween(t)),
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
		out := sections(c.Output)
		for _, by := range tested {
			t.Run(by.mechanism, func(t *testing.T) { reportTests(t, out[by.mechanism]) })
		}
	})
}

// probesScript returns a script that runs the test binary with each mechanism.
// The output of each run is a section, with its exit status as the last line.
func probesScript(otherHost, between bool) string {
	script := "cd /tmp\nexport CSE_MODULE_VETH=/modules/veth.ko\n"
	for _, by := range tested {
		if otherHost && by.run == "." {
			by.run = otherHosts
		}
		if between && by.mechanism != bpf.MechanismAuto {
			by.skip = cmp.Or(by.skip, "^$") + "|^" + slow + "$"
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
	if _, err := debian.Output(cmd); err != nil {
		t.Fatal(err)
	}
	return binary
}

// event is an event of go tool test2json.
type event struct {
	Action  string
	Test    string
	Output  string
	Elapsed float64
}

// reportTests reports each test of a test binary that ran in a machine as a
// subtest.
func reportTests(t *testing.T, testOutput string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "tool", "test2json", "-t")
	cmd.Stdin = strings.NewReader(testOutput)
	out, err := debian.Output(cmd)
	if err != nil {
		t.Fatal(err)
	}
	outputs := map[string]*bytes.Buffer{}
	failed := false
	for d := json.NewDecoder(strings.NewReader(out)); d.More(); {
		var e event
		if err := d.Decode(&e); err != nil {
			t.Fatal(err)
		}
		if outputs[e.Test] == nil {
			outputs[e.Test] = new(bytes.Buffer)
		}
		switch e.Action {
		case "output":
			outputs[e.Test].WriteString(e.Output)
		case "pass", "fail", "skip":
			if e.Test != "" {
				failed = failed || e.Action == "fail"
				t.Run(e.Test, func(t *testing.T) { e.report(t, outputs[e.Test].String()) })
			}
		}
	}
	if passed := strings.HasSuffix(strings.TrimSpace(testOutput), "\nexit 0"); !passed && !failed || len(outputs) < 2 {
		t.Errorf("the test binary failed outside of its tests:\n%s", testOutput)
	}
}

func (e event) report(t *testing.T, out string) {
	t.Log(fmt.Sprintf("%.2f s in the machine\n", e.Elapsed) + out)
	switch _, may := maySkip[e.Test]; {
	case e.Action == "skip" && may:
		t.Skip(maySkip[e.Test])
	case e.Action != "pass":
		t.Error(e.Action, "in the machine")
	}
}
