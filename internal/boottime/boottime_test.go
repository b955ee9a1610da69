package boottime

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// inNamespace is set if the test is executed in a time namespace of its own.
const inNamespace = "CSE_TEST_TIME_NAMESPACE"

// TestNow reads the clock in a time namespace that is a day ahead: it is the kernel's.
func TestNow(t *testing.T) {
	if os.Getenv(inNamespace) != "" {
		fmt.Println("now", Now(), Shown(0))
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can make a time namespace")
	}
	cmd := exec.Command("unshare", "--time", "--fork", "--boottime", "86400", os.Args[0], "-test.run=^TestNow$")
	cmd.Env = append(os.Environ(), inNamespace+"=1")
	before := Now()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	fields := strings.Fields(string(out))
	now, _ := strconv.ParseInt(fields[1], 10, 64)
	if after := Now(); now < before || now > after {
		t.Errorf("%d ns in the namespace, between %d and %d outside of it", now, before, after)
	}
	if fields[2] != "86400000000000" {
		t.Errorf("the namespace is ahead by %s ns, want a day", fields[2])
	}
}

func TestParseOffsets(t *testing.T) {
	for text, want := range map[string]int64{
		"monotonic           0         0\nboottime        86400         5\n": 86400_000000005,
		"monotonic           7         0\nboottime           -3 500000000\n": -2_500000000,
		"monotonic 1 2\n": 0,
		"":                0,
	} {
		if got := parseOffsets([]byte(text)); got != want {
			t.Errorf("%q: %d ns, want %d", text, got, want)
		}
	}
}
