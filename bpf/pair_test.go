package bpf

import (
	"flag"
	"os"
	"os/exec"
	"testing"
)

var inPairs = flag.Bool("pairs", false, "attach in pairs, as where the kernel preempts all programs")

// TestPairs runs the tests of all events with every program of fentry and of
// the tracepoints attached twice: each event is told once, as without. That
// both of a pair run, TestEveryHookFires sees.
func TestPairs(t *testing.T) {
	needRoot(t)
	if preempts() == (preemption{functions: true, tracepoints: true}) {
		return // they are run so without being told
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-pairs", "-mechanism="+*mechanism, "-test.skip=^(TestPairs|TestOpen.*|TestModule.*|TestEveryProgramLoads|TestTax)$")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
