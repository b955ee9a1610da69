package hostile

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// peakMemory returns how much memory a process had resident at most, in kB.
func peakMemory(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		var kB int
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kB); err == nil {
			return kB
		}
	}
	t.Fatalf("no VmHWM in the status of process %d:\n%s", pid, status)
	return 0
}
