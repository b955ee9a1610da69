package runtime

import (
	"path"
	"slices"
	"strings"
	"testing"

	"container_start_exporter/collector/argv"
)

// FuzzParse parses any words as a command line: the command is one of the list, and each
// of its parts is a word, or a part of one.
func FuzzParse(f *testing.F) {
	for _, line := range []string{
		"runc --root /r --log=/l create --bundle /b -- abc", "/usr/bin/crun run -b=/b web", "runc init", "runc --", "youki -- -- x",
		"runc --root", "docker-runc - create", "crun = x", "runc --root= start -b", "runc frobnicate -x y", "runc", "", "sh -c runc",
		"crun --ro /r run -db/b --pid-f=/p web", "crun delete -f web",
	} {
		f.Add(strings.ReplaceAll(line, " ", "\n"))
	}
	f.Add("runc\n--root=/var/run//runc/\nstart\nweb")
	f.Add("crun\n-root\n/\x10--log=/\n")
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Split(line, "\n")
		c, ok := Parse(argv.ProgramOf("", "", args))
		if !ok {
			if c != (Command{}) {
				t.Errorf("%q: not a command, but %+v", args, c)
			}
			return
		}
		if c.Runtime == nil || !containsAny(path.Base(args[0]), c.Runtime.Executables) {
			t.Errorf("%q: by the runtime %+v", args, c.Runtime)
		}
		if c.Name != Other && (!commands[c.Name] || !slices.Contains(args[1:], c.Name)) {
			t.Errorf("%q: the command %q", args, c.Name)
		}
		if c.ID != "" && !slices.Contains(args[2:], c.ID) {
			t.Errorf("%q: the id %q", args, c.ID)
		}
		if c.Bundle != "" && !slices.Contains(values(args), c.Bundle) {
			t.Errorf("%q: the bundle %q", args, c.Bundle)
		}
		isRoot := func(value string) bool { return c.Runtime.rootOf(value) == c.Root }
		if c.Root != "" && (!slices.ContainsFunc(values(args), isRoot) || !isRoot(c.Root)) {
			t.Errorf("%q: the root directory %q", args, c.Root)
		}
	})
}

func containsAny(base string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(base, name) })
}

// values returns all that may be a flag's value: words, and what follows a = or letters
// in them.
func values(args []string) (list []string) {
	for _, arg := range args[1:] {
		for i := range arg {
			list = append(list, arg[i:])
		}
		for value, more := arg, true; more; _, value, more = strings.Cut(value, "=") {
			list = append(list, value)
		}
	}
	return list
}
