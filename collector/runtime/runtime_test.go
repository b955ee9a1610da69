package runtime

import (
	"strings"
	"testing"
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
		{"youki start abc", Command{Name: "start", ID: "abc"}, "youki"},
	} {
		got, ok := Parse(strings.Fields(test.line))
		if !ok || got.Runtime.Name != test.by {
			t.Errorf("%s: not recognised as %s: %+v", test.line, test.by, got)
			continue
		}
		got.Runtime = nil
		if got != test.want {
			t.Errorf("%s:\n got %+v\nwant %+v", test.line, got, test.want)
		}
	}
	for _, line := range []string{"", "runc", "runc --version", "runc-like create x", "/bin/sh runc create x"} {
		if c, ok := Parse(strings.Fields(line)); ok {
			t.Errorf("%q: recognised as %+v", line, c)
		}
	}
}
