package kernels

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What the tests of package bpf call.
var programs = []string{
	"busybox", "cat", "crun", "dash", "dd", "echo", "ip", "mount", "runc", "sh", "true", "umount", "unshare",
}

// mayskip are the tests that may skip in a machine, and why.
var mayskip = map[string]string{
	"TestListenInReusedNamespace": "whether a number is given again is the kernel's affair",
}

var mechanisms = []string{"auto", "fentry", "kprobe", "tracepoint"}

// TestProbes runs the tests of package bpf in each kernel, by each mechanism.
func TestProbes(t *testing.T) {
	needKernels(t)
	binary := buildTests(t, "../bpf", "amd64")
	disk := filepath.Join(t.TempDir(), "disk")
	if err := MakeHostDisk(t.Context(), disk, programs...); err != nil {
		t.Fatal(err)
	}
	eachKernel(t, func(t *testing.T, k Kernel) {
		for _, mechanism := range mechanisms {
			t.Run(mechanism, func(t *testing.T) {
				m := Machine{
					Name: t.Name(), Kernel: k, Disks: []string{disk}, Timeout: 10 * time.Minute,
					Initramfs: Initramfs{
						Load:    []string{"veth", "overlay", "bridge"},
						Files:   map[string]string{"/bpf.test": binary},
						Command: "cd /tmp && exec /bpf.test -test.v=test2json -test.timeout=8m -mechanism=" + mechanism,
					},
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
	switch _, may := mayskip[e.Test]; {
	case e.Action == "skip" && may:
		t.Skip(mayskip[e.Test])
	case e.Action != "pass":
		t.Error(e.Action, "in the machine")
	}
}
