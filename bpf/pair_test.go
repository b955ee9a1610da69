package bpf

import (
	"flag"
	"os"
	"os/exec"
	"testing"
)

var withTwins = flag.Bool("twins", false, "attach programs twice, as on a kernel that preempts all of them")

// TestPairs runs the tests of all events with every fentry and tracepoint program
// attached twice: each event is reported once, as without twins. TestEveryProbeFires
// checks that both twins run.
func TestPairs(t *testing.T) {
	needRoot(t)
	if preempts() == (preemption{functions: true, tracepoints: true}) {
		return // this kernel has twins in every test
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-twins", "-mechanism="+*mechanism, "-test.skip=^(TestPairs|TestOpen.*|TestModule.*|TestEveryProgramLoads|TestTax)$")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
