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

// nobody is a user who owns nothing.
const nobody = 65532

// all are the capabilities that the exporter may make use of on any kernel.
var all = []string{"BPF", "PERFMON", "SYS_PTRACE", "DAC_READ_SEARCH"}

// but is a list of capabilities without one.
func but(capabilities []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(capabilities), func(c string) bool { return c == one })
}

// as is a command that a user executes with these capabilities and no others,
// and can get no others: as systemd would start it.
func as(t *testing.T, user int, capabilities []string, command ...string) *exec.Cmd {
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

// row is a row of the README's table of capabilities.
type row struct{ capability, without string }

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

// What `check` can say is lost is what the README says, row by row.
func TestReadmeListsPrivileges(t *testing.T) {
	rows := readmeRows(t)
	for _, p := range optional {
		want := row{strings.TrimPrefix(name(p.capability), "CAP_"), p.without}
		if !slices.Contains(rows, want) {
			t.Errorf("no row for %+v", want)
		}
	}
	for _, c := range all {
		if !slices.ContainsFunc(rows, func(r row) bool { return r.capability == c }) {
			t.Errorf("no row for CAP_%s", c)
		}
	}
}

// Without the two that it takes nothing runs, and one line says which.
func TestNecessaryPrivileges(t *testing.T) {
	for _, c := range []string{"BPF", "PERFMON"} {
		e := ends(t, as(t, nobody, but(all, c), binary, "watch"))
		complains(t, e, statusFailed, "CAP_"+c+" is missing")
	}
}

// Without another, starts are timed, and `check` says in a line what of the
// README's table is lost. With all of them, nothing is.
func TestOptionalPrivileges(t *testing.T) {
	checked := func(capabilities []string) (hooks string, lost []string) {
		t.Helper()
		e := ends(t, as(t, nobody, capabilities, binary, "check", "--probe.mechanism=tracepoint"))
		if e.code != 0 || e.stderr != "" {
			t.Fatalf("%v: %+v", capabilities, e)
		}
		for l := range strings.Lines(e.stdout) {
			if strings.HasPrefix(l, "without CAP_") {
				lost = append(lost, strings.TrimSpace(l))
			}
		}
		return regexp.MustCompile(`\d+ of \d+ hooks`).FindString(e.stdout), lost
	}
	whole, lost := checked(all)
	if len(lost) != 0 {
		t.Errorf("with all: %q", lost)
	}
	for _, c := range []string{"SYS_PTRACE", "DAC_READ_SEARCH"} {
		hooks, lost := checked(but(all, c))
		var want []string
		for _, r := range readmeRows(t) {
			if r.capability == c {
				want = append(want, "without CAP_"+c+": "+r.without)
			}
		}
		if !slices.Equal(lost, want) {
			t.Errorf("without CAP_%s: %q\nREADME: %q", c, lost, want)
		}
		if c == "DAC_READ_SEARCH" == (hooks == whole) { // it alone is for hooks
			t.Errorf("without CAP_%s %s are attached, with all of them %s", c, hooks, whole)
		}
	}
}

// CAP_SYS_ADMIN does in the place of the two that older engines do not know.
func TestSysAdminInstead(t *testing.T) {
	e := ends(t, as(t, nobody, []string{"SYS_ADMIN", "DAC_READ_SEARCH"}, binary, "check"))
	if e.code != 0 || !strings.Contains(e.stdout, "hooks are attached: starts are timed") {
		t.Errorf("%+v", e)
	}
}
