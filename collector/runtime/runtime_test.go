package runtime

import (
	"strings"
	"testing"

	"container_start_exporter/collector/argv"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		line string
		want Command // Runtime left out: compared by name
		by   string
	}{
		{"runc --root /run/docker/runtime-runc/moby --log /b/log.json --log-format json create --bundle /b --pid-file /b/init.pid abc",
			Command{Name: "create", ID: "abc", Bundle: "/b", Root: "/run/docker/runtime-runc/moby"}, "runc"},
		{"/usr/local/bin/runc --systemd-cgroup --root=/r run -d -b /srv/bundle web", Command{Name: "run", ID: "web", Bundle: "/srv/bundle", Root: "/r", Systemd: true}, "runc"},
		{"runc --root /var/run//runc/ start web", Command{Name: "start", ID: "web"}, "runc"},
		{"crun --root /run/crun start web", Command{Name: "start", ID: "web"}, "crun"},
		{"crun --root=/run/runc/. start web", Command{Name: "start", ID: "web", Root: "/run/runc"}, "crun"},
		{"youki -r /srv/../r create web", Command{Name: "create", ID: "web", Root: "/r"}, "youki"},
		{"runc init", Command{Name: "init"}, "runc"},
		{"runc delete --force abc", Command{Name: "delete", ID: "abc"}, "runc"},
		{"runc kill abc 9", Command{Name: "kill", ID: "abc"}, "runc"},
		{"runc exec --process /tmp/p.json --detach --pid-file /p abc", Command{Name: "exec", ID: "abc"}, "runc"},
		{"crun exec ebs /bin/echo inexec", Command{Name: "exec", ID: "ebs"}, "crun"},
		{"crun --cgroup-manager cgroupfs create --no-pivot -f /c.json -b/b -- -odd", Command{Name: "create", ID: "-odd", Bundle: "/b"}, "crun"},
		{"crun run --bun /b --pid-f /p web", Command{Name: "run", ID: "web", Bundle: "/b"}, "crun"},
		{"crun --cgroup-m cgroupfs --rootl true --deb run --bundl=/b --pre 3 --no-piv web", Command{Name: "run", ID: "web", Bundle: "/b"}, "crun"},
		{"crun run -db /b -f/c.json web", Command{Name: "run", ID: "web", Bundle: "/b"}, "crun"},
		{"crun run -db=/b web", Command{Name: "run", ID: "web", Bundle: "=/b"}, "crun"}, // as getopt has it
		{"crun --ro /r run --b /b web", Command{Name: "run", ID: "web", Bundle: "/b", Root: "/r"}, "crun"},
		{"crun delete -f web", Command{Name: "delete", ID: "web"}, "crun"},
		{"crun delete --forc web", Command{Name: "delete", ID: "web"}, "crun"},
		{"crun kill --a web KILL", Command{Name: "kill", ID: "web"}, "crun"},
		{"runc run -bundle /b -pid-file=/p web", Command{Name: "run", ID: "web", Bundle: "/b"}, "runc"},
		{"runc frobnicate x", Command{Name: Other, ID: "x"}, "runc"},
		{"/usr/bin/runsc --ignore-cgroups --network=none --root /var/run/docker/runtime-runc/moby --log /l --log-format json --systemd-cgroup create --bundle /b --pid-file /p abc",
			Command{Name: "create", ID: "abc", Bundle: "/b", Root: "/run/docker/runtime-runc/moby", Systemd: true}, "runsc"},
		{"/opt/runc-1.1.5 --root /r start web", Command{Name: "start", ID: "web", Root: "/r"}, "runc"},
		{"runc.amd64 start web", Command{Name: "start", ID: "web"}, "runc"},
		{"runc1.1 start web", Command{Name: "start", ID: "web"}, "runc"},
		{"buildkit-runc run --bundle /b --keep x", Command{Name: "run", ID: "x", Bundle: "/b"}, "runc"},
		{"my_crun-1.27.1 start web", Command{Name: "start", ID: "web"}, "crun"},
		{"youki start abc", Command{Name: "start", ID: "abc"}, "youki"},
	} {
		got, ok := Parse(argv.ProgramOf("", "", strings.Fields(test.line)))
		if !ok || got.Runtime.Name != test.by {
			t.Errorf("%s: not recognised as %s: %+v", test.line, test.by, got)
			continue
		}
		got.Runtime = nil
		if got != test.want {
			t.Errorf("%s:\n got %+v\nwant %+v", test.line, got, test.want)
		}
	}
	for _, line := range []string{"", "runc", "runc --version", "runcible create x", "containerd-shim-runc-v2 create x", "my-runtime create x", "/bin/sh runc create x"} {
		if c, ok := Parse(argv.ProgramOf("", "", strings.Fields(line))); ok {
			t.Errorf("%q: recognised as %+v", line, c)
		}
	}
}

// TestParseByFile recognises a runtime by the file that was executed rather than by what it
// is called: by a link, under another name, or as a script.
func TestParseByFile(t *testing.T) {
	for _, test := range []struct{ file, exe, line, by string }{
		{"/usr/local/bin/linked", "runc-1.1.5", "linked start web", "runc"},
		{"/usr/local/bin/runc", "crun-1.27.1", "runc start web", "crun"},
		{"/usr/local/bin/runc", "tank", "runc start web", "runc"},
		{"/usr/bin/crun", "", "runc start web", "crun"},
		{"/usr/bin/runc", "", "otherzero start web", "runc"},
		{"/opt/tank", "", "runc start web", "runc"},
		{"/opt/runc", "dash", "/bin/sh /opt/runc start web", "runc"},
		{"/proc/self/fd/6", "memfd:runc_cloned:/proc/self/ex", "runc start web", "runc"},
		{"/opt/tank", "sub", "submarine start web", ""},
		{"/bin/sh", "dash", "sh runc start web", ""},
	} {
		c, ok := Parse(argv.ProgramOf(test.file, test.exe, strings.Fields(test.line)))
		if ok != (test.by != "") || ok && (c.Runtime.Name != test.by || c.Name != "start" || c.ID != "web") {
			t.Errorf("%+v: %+v, %t", test, c, ok)
		}
	}
}

// TestAdd adds the name of a runtime, which becomes its label; what it is shows from the
// names of its stages.
func TestAdd(t *testing.T) {
	defer func(before []*Runtime) { added = before }(added)
	line := argv.ProgramOf("", "", strings.Fields("/opt/tank-2 --root /r create --bundle /b web"))
	if c, ok := Parse(line); ok {
		t.Fatalf("not added: %+v", c)
	}
	if c, ok := ParseUnknown(line); !ok || c.Runtime.Name != Unknown || c.ID != "web" {
		t.Fatalf("as an unknown one: %+v, %t", c, ok)
	}
	for _, name := range []string{"tank", "Own.tank", "runc"} { // of the second it knows more already
		if err := Add(name); err != nil {
			t.Fatal(err)
		}
	}
	if c, ok := Parse(argv.ProgramOf("", "", strings.Fields("Own.tank start web"))); !ok || c.Runtime.Name != "own-tank" {
		t.Errorf("%+v, %t", c, ok)
	}
	c, ok := Parse(line)
	if !ok || c.Runtime.Name != "tank" || c.ID != "web" || c.Bundle != "/b" || c.Root != "/r" || !c.Runtime.IsUnknown() {
		t.Fatalf("%+v, %t", c, ok)
	}
	if r := c.Runtime.Learn("crun"); r != nil {
		t.Errorf("learned %+v", r)
	}
	if r := c.Runtime.Learn("runc:[2:INIT]"); r == nil || r.Name != "tank" || r.InitComm != "runc:[2:INIT]" || r.IsUnknown() {
		t.Errorf("learned %+v", r)
	}
	if r := unknown.Learn("runc:[2:INIT]"); r == nil || r.Name != "runc" {
		t.Errorf("learned %+v", r)
	}
	if r := named("runc"); r.IsUnknown() {
		t.Error("runc is unknown")
	}
	if err := Add("/opt/tank"); err == nil {
		t.Error("a path is accepted")
	}
}
