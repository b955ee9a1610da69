package argv

import (
	"slices"
	"strings"
	"testing"
)

func TestParts(t *testing.T) {
	for name, want := range map[string]string{
		"runc": "runc", "runc-1.1.5": "runc", "runc.amd64": "runc amd", "runc1.1": "runc", "buildkit-runc": "buildkit runc",
		"my_crun-1.27.1": "my crun", "containerd-shim-runc-v2": "containerd shim runc v", "": "", "--": "", "1": "", "r2d2": "r",
	} {
		if got := slices.Collect(Parts(name)); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%q: %q", name, got)
		}
	}
}

func TestWithoutVersion(t *testing.T) {
	for name, want := range map[string]string{
		"containerd-shim-runc-v2-2.2.1": "containerd-shim-runc-v2", "conmon_2": "conmon", "crun.1.8": "crun", "runc1": "runc1",
		"-1": "-1", "runc-": "runc-", "runc-rc1": "runc-rc1", "": "",
	} {
		if got := WithoutVersion(name); got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
}

func TestPlainName(t *testing.T) {
	for name, want := range map[string]bool{
		"tank": true, "my_runtime-1.2": true, strings.Repeat("x", 31): true, strings.Repeat("x", 32): false,
		"": false, ".": false, "..": false, "a/b": false, "/usr/bin/tank": false, "a b": false, "a\x00": false, "é": false, "a\n": false,
	} {
		if got := IsPlainName(name); got != want {
			t.Errorf("%q: %t", name, got)
		}
	}
}

// TestProgram reads what is executed directly, by a link, under another name, and as a script.
func TestProgram(t *testing.T) {
	for _, test := range []struct {
		file, exe, args string
		name            string
		script          bool
		names           string
	}{
		{"/bin/runc", "", "runc run x", "runc", false, "runc runc"},
		{"/usr/local/bin/runc", "runc-1.1.5", "runc run x", "runc", false, "runc-1.1.5 runc runc"},
		{"/bin/runc", "", "other run x", "other", false, "runc other"},
		{"/opt/wrap", "dash", "/bin/sh /opt/wrap run x", "wrap", true, "dash wrap wrap"},
		{"/opt/wrap", "dash", "/bin/sh -e /opt/wrap run x", "wrap", true, "dash wrap wrap"},
		{"/bin/sh", "dash", "sh -c /opt/wrap", "sh", false, "dash sh sh"},
		{"", "", "/bin/runc run x", "runc", false, "runc"},
		{"", "", "", "", false, ""},
		{"/bin/runc", "", strings.Repeat("a-", 200) + " run x", strings.Repeat("a-", 200), false, "runc"},
	} {
		p := ProgramOf(test.file, test.exe, strings.Fields(test.args))
		if names := slices.Collect(p.Names()); p.Name != test.name || p.Script != test.script || !slices.Equal(names, strings.Fields(test.names)) {
			t.Errorf("%+v: %+v, names %q", test, p, names)
		}
	}
}
