package main

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// nobody is the id of a user that owns no files.
const nobody = 65532

// allCapabilities are the capabilities that the exporter can use on any kernel,
// without CAP_.
var allCapabilities = []string{"BPF", "PERFMON", "SYS_PTRACE", "DAC_READ_SEARCH"}

// without returns a list of capabilities with one removed.
func without(capabilities []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(capabilities), func(c string) bool { return c == one })
}

// asUser returns a command that runs as a user with these capabilities, and
// cannot gain others: as systemd would start it.
func asUser(t *testing.T, user int, capabilities []string, command ...string) *exec.Cmd {
	t.Helper()
	needRoot(t)
	set := "-all"
	for _, c := range capabilities {
		set += ",+" + strings.ToLower(c)
	}
	id := strconv.Itoa(user)
	args := []string{"--reuid", id, "--regid", id, "--clear-groups", "--no-new-privs", "--bounding-set", set, "--inh-caps", set}
	if user != 0 {
		args = append(args, "--ambient-caps", set)
	}
	return exec.Command("setpriv", append(args, command...)...)
}

// row is a row of the README's table of capabilities, without CAP_.
type row struct{ capability, effect string }

func readmeRows(t *testing.T) (rows []row) {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `CAP_([A-Z_]+)`[^|]*\\|[^|]*\\| (.*) \\|$").FindAllStringSubmatch(string(readme), -1) {
		rows = append(rows, row{m[1], m[2]})
	}
	return rows
}

// TestReadmeListsPrivileges compares the effects that check can print with the
// rows of the README's table.
func TestReadmeListsPrivileges(t *testing.T) {
	rows := readmeRows(t)
	for _, o := range optionalCapabilities {
		want := row{strings.TrimPrefix(capabilityName(o.capability), "CAP_"), o.effect}
		if !slices.Contains(rows, want) {
			t.Errorf("no row for %+v", want)
		}
	}
	for _, c := range allCapabilities {
		if !slices.ContainsFunc(rows, func(r row) bool { return r.capability == c }) {
			t.Errorf("no row for CAP_%s", c)
		}
	}
}

// TestNecessaryPrivileges checks that without either of the two necessary
// capabilities nothing runs, and that the error names it.
func TestNecessaryPrivileges(t *testing.T) {
	for _, c := range []string{"BPF", "PERFMON"} {
		e := finish(t, asUser(t, nobody, without(allCapabilities, c), binary, "watch"))
		expectError(t, e, statusFailed, "CAP_"+c+" is missing")
	}
}

// TestOptionalPrivileges checks that starts are timed without each of the other
// capabilities, and that check then prints its rows of the README's table. With
// all of them it prints none.
func TestOptionalPrivileges(t *testing.T) {
	checked := func(capabilities []string) (attached string, lost []string) {
		t.Helper()
		e := finish(t, asUser(t, nobody, capabilities, binary, "check", "--probe.mechanism=tracepoint"))
		if e.code != 0 || e.stderr != "" {
			t.Fatalf("%v: %+v", capabilities, e)
		}
		for l := range strings.Lines(e.stdout) {
			if strings.HasPrefix(l, "without CAP_") {
				lost = append(lost, strings.TrimSpace(l))
			}
		}
		return regexp.MustCompile(`\d+ of \d+ probes`).FindString(e.stdout), lost
	}
	whole, lost := checked(allCapabilities)
	if len(lost) != 0 {
		t.Errorf("with all: %q", lost)
	}
	for _, c := range []string{"SYS_PTRACE", "DAC_READ_SEARCH"} {
		attached, lost := checked(without(allCapabilities, c))
		var want []string
		for _, r := range readmeRows(t) {
			if r.capability == c {
				want = append(want, "without CAP_"+c+": "+r.effect)
			}
		}
		if !slices.Equal(lost, want) {
			t.Errorf("without CAP_%s: got %q\nREADME: %q", c, lost, want)
		}
		if c == "DAC_READ_SEARCH" == (attached == whole) { // only this one is for probes
			t.Errorf("without CAP_%s %s are attached; with all capabilities %s", c, attached, whole)
		}
	}
}

// TestSysAdminInstead checks that CAP_SYS_ADMIN replaces the two capabilities that
// older engines do not know.
func TestSysAdminInstead(t *testing.T) {
	e := finish(t, asUser(t, nobody, []string{"SYS_ADMIN", "DAC_READ_SEARCH"}, binary, "check"))
	if e.code != 0 || !strings.Contains(e.stdout, "probes are attached: starts are timed") {
		t.Errorf("%+v", e)
	}
}
