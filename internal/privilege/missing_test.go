package privilege

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/cap"

	"container_start_exporter/bpf"
)

// usable are the capabilities that the exporter can use on any kernel, without
// CAP_.
var usable = []string{"BPF", "PERFMON", "SYS_PTRACE", "DAC_READ_SEARCH"}

// readmeRows returns the rows of the README's table of capabilities.
func readmeRows(t *testing.T) (rows []Restriction) {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(CAP_[A-Z_]+)`[^|]*\\|[^|]*\\| (.*) \\|$").FindAllStringSubmatch(string(readme), -1) {
		rows = append(rows, Restriction{m[1], m[2]})
	}
	return rows
}

// TestReadmeListsCapabilities compares the effects that Missing can return with
// the rows of the README's table.
func TestReadmeListsCapabilities(t *testing.T) {
	rows := readmeRows(t)
	for _, o := range optionals {
		if want := (Restriction{name(o.capability), o.effect}); !slices.Contains(rows, want) {
			t.Errorf("no row for %+v", want)
		}
	}
	for _, c := range usable {
		if !slices.ContainsFunc(rows, func(r Restriction) bool { return r.Capability == "CAP_"+c }) {
			t.Errorf("no row for CAP_%s", c)
		}
	}
}

// TestMissing checks the effects that each user and each obstacle have.
func TestMissing(t *testing.T) {
	probe := func(s bpf.State, o bpf.Obstacle, needs ...int) bpf.ProbeStatus {
		return bpf.ProbeStatus{State: s, Reasons: []bpf.Reason{{Obstacle: bpf.NotInKernel}, {Obstacle: o, Needs: needs}}}
	}
	for name, tc := range map[string]struct {
		held  []cap.Value
		user  int
		probe bpf.ProbeStatus
		want  []string // what each effect begins with
	}{
		"root":                   {},
		"another user":           {user: nobody, want: []string{"CAP_DAC_READ_SEARCH: no name, image"}},
		"another user may read":  {user: nobody, held: []cap.Value{cap.DAC_READ_SEARCH}},
		"tracefs is forbidden":   {probe: probe(bpf.Failed, bpf.TracefsForbidden, unix.CAP_DAC_READ_SEARCH), want: []string{"CAP_DAC_READ_SEARCH: syscall tracepoints"}},
		"no capability helps":    {probe: probe(bpf.Failed, bpf.TracefsForbidden)},
		"tracefs is not mounted": {probe: probe(bpf.Failed, bpf.NoTracefs, unix.CAP_SYS_ADMIN), want: []string{"CAP_SYS_ADMIN: syscall tracepoints"}},
		"perf events":            {probe: probe(bpf.Failed, bpf.PerfEventsForbidden, unix.CAP_SYS_ADMIN), want: []string{"CAP_SYS_ADMIN: neither kprobes"}},
		"it is held":             {held: []cap.Value{cap.SYS_ADMIN}, probe: probe(bpf.Failed, bpf.PerfEventsForbidden, unix.CAP_SYS_ADMIN)},
		"module BTF":             {probe: probe(bpf.Failed, bpf.ModuleBTFHidden, unix.CAP_SYS_ADMIN), want: []string{"CAP_SYS_ADMIN: fentry"}},
		"it waits":               {probe: probe(bpf.Waiting, bpf.ModuleBTFHidden, unix.CAP_SYS_ADMIN)},
		"another obstacle":       {probe: probe(bpf.Failed, bpf.OtherObstacle, unix.CAP_SYS_ADMIN)},
	} {
		held := func(c cap.Value) bool { return c == cap.SYS_PTRACE || slices.Contains(tc.held, c) }
		got := missing(held, tc.user, []bpf.ProbeStatus{tc.probe, tc.probe})
		same := func(r Restriction, want string) bool { return strings.HasPrefix(r.Capability+": "+r.Effect, want) }
		if !slices.EqualFunc(got, tc.want, same) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := missing(func(cap.Value) bool { return false }, 0, nil); len(got) != 1 || got[0].Capability != "CAP_SYS_PTRACE" {
		t.Errorf("without any: %v", got)
	}
}

func init() { roles["missing"] = printMissing }

// printMissing attaches the probes by tracepoints, and prints how many it
// attached, and a line for each effect of a missing capability.
func printMissing() error {
	probes, err := bpf.Open(bpf.Options{Mechanism: bpf.MechanismTracepoint})
	if err != nil {
		return err
	}
	defer probes.Close()
	attached := 0
	for _, p := range probes.Status() {
		if p.State == bpf.Attached {
			attached++
		}
	}
	fmt.Println(attached)
	all, err := Missing(probes.Status())
	for _, m := range all {
		fmt.Println(m)
	}
	return err
}

// TestProbesOfUsers checks that the probes are opened without each of the
// optional capabilities, and that its rows of the README's table are missing then.
// With all of them nothing is missing.
func TestProbesOfUsers(t *testing.T) {
	attach := func(capabilities ...string) (attached string, missing []string) {
		t.Helper()
		printed, failure := play(t, "missing", nobody, capabilities...)
		if failure != "" {
			t.Fatalf("%v: %s", capabilities, failure)
		}
		lines := strings.Split(strings.TrimSpace(printed), "\n")
		return lines[0], lines[1:]
	}
	whole, missing := attach(usable...)
	if len(missing) != 0 {
		t.Errorf("with all: %q", missing)
	}
	for _, c := range []string{"SYS_PTRACE", "DAC_READ_SEARCH"} {
		attached, missing := attach(slices.DeleteFunc(slices.Clone(usable), func(one string) bool { return one == c })...)
		var want []string
		for _, r := range readmeRows(t) {
			if r.Capability == "CAP_"+c {
				want = append(want, r.String())
			}
		}
		if !slices.Equal(missing, want) {
			t.Errorf("without CAP_%s: got %q\nREADME: %q", c, missing, want)
		}
		if c == "DAC_READ_SEARCH" == (attached == whole) { // only this one is for probes
			t.Errorf("without CAP_%s %s probes are attached; with all capabilities %s", c, attached, whole)
		}
	}
	if attached, _ := attach("SYS_ADMIN", "DAC_READ_SEARCH"); attached != whole { // for engines that know no others
		t.Errorf("with CAP_SYS_ADMIN %s probes are attached; with all others %s", attached, whole)
	}
}
