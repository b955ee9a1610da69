package kernels

import (
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

//go:embed privileges.sh
var privilegesScript string

// TestTwoCapabilities runs the exporter as a user with CAP_BPF and CAP_PERFMON:
// each hook is attached that root attaches, those of a module when it is
// loaded, and then both are dropped.
func TestTwoCapabilities(t *testing.T) {
	eachKernel(t, func(t *testing.T, k Kernel) {
		disk, err := userlands[0].Path(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		c, err := Machine{
			Name: t.Name(), Kernel: k, Disks: []string{disk}, Timeout: 10 * time.Minute,
			Initramfs: Initramfs{
				Carry:   []string{"veth"},
				Files:   map[string]string{"/usr/local/bin/container_start_exporter": buildStatic(t, "container_start_exporter/cmd/container_start_exporter")},
				Command: privilegesScript,
			},
		}.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		said := sections(c.Output)
		if _, ended := said["end"]; !ended {
			t.Fatalf("%s\n%s", c.Log, c.Output)
		}

		root, waits, loaded := hooks(said["root"]), hooks(said["waits"]), hooks(said["loaded"])
		for _, hook := range slices.Sorted(maps.Keys(root)) {
			if want := root[hook]; waits[hook] != want {
				t.Errorf("%s: %q, of root %q", hook, waits[hook], want)
			}
			if !strings.HasPrefix(hook, "veth_") && loaded[hook] != waits[hook] {
				t.Errorf("%s: %q, and later %q", hook, waits[hook], loaded[hook])
			}
		}
		for _, hook := range []string{"veth_newlink", "veth_dellink"} {
			if waits[hook] != "kprobe waits" || loaded[hook] != "kprobe yes" {
				t.Errorf("%s: %q, and with its module %q", hook, waits[hook], loaded[hook])
			}
		}
		const perfmon, bpf = 38, 39
		for state, want := range map[string]int{"waits": 1<<bpf | 1<<perfmon, "loaded": 0} {
			if !strings.Contains(said[state], fmt.Sprintf("CapEff:\t%016x", want)) {
				t.Errorf("%s, it has not the capabilities %x:\n%s", state, want, said[state])
			}
		}

		const lost = "without CAP_SYS_ADMIN: neither kprobes"
		if !strings.Contains(said["refused"], lost) || hooks(said["refused"])["mount"] == "kprobe yes" {
			t.Errorf("kprobes without CAP_SYS_ADMIN:\n%s", said["refused"])
		}
		if strings.Contains(said["allowed"], lost) || hooks(said["allowed"])["mount"] != "kprobe yes" {
			t.Errorf("kprobes with CAP_SYS_ADMIN:\n%s", said["allowed"])
		}
		if old := strings.HasPrefix(k.Release, "5.10."); old != strings.Contains(said["locked"], "CAP_SYS_RESOURCE") {
			t.Errorf("with little locked memory:\n%s", said["locked"])
		}
	})
}

// sections are what a script says after each line "== NAME".
func sections(output string) map[string]string {
	said := map[string]string{}
	for _, section := range strings.Split("\n"+output, "\n== ")[1:] {
		name, text, _ := strings.Cut(section, "\n")
		said[name] = text
	}
	return said
}

// hooks are, by name, the mechanism and the state of each in a table as check's.
func hooks(table string) map[string]string {
	states := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^(\w+) +(\w+) +(yes|no|waits) `).FindAllStringSubmatch(table, -1) {
		states[m[1]] = m[2] + " " + m[3]
	}
	return states
}
