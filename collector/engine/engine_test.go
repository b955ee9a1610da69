package engine

import (
	"slices"
	"strings"
	"testing"

	"container_start_exporter/collector/argv"
)

func TestParse(t *testing.T) {
	for line, want := range map[string]Launch{
		"/usr/bin/containerd-shim-runc-v2 -namespace moby -address /run/c.sock -publish-binary /usr/bin/containerd -id abc start":     {Engine: Docker, ID: "abc"},
		"/usr/bin/containerd-shim-runc-v2 -namespace moby -id abc -address /run/c.sock":                                               {Engine: Docker, ID: "abc"},
		"containerd-shim-runc-v2 -namespace k8s.io -id pod start":                                                                     {Engine: CRI, ID: "pod"},
		"containerd-shim-runc-v2 -namespace moby-100000.100000 -id abc start":                                                         {Engine: Docker, ID: "abc"},
		"containerd-shim-runc-v2 -namespace plugins.moby -id abc start":                                                               {Engine: Docker, ID: "abc"},
		"containerd-shim-runc-v2 -namespace plugins.moby-0.100000 -id abc start":                                                      {Engine: Docker, ID: "abc"},
		"containerd-shim-runc-v2 -namespace moby-two -id abc start":                                                                   {Engine: Containerd, ID: "abc"},
		"containerd-shim-runc-v2 -namespace moby-1.x -id abc start":                                                                   {Engine: Containerd, ID: "abc"},
		"containerd-shim-runc-v2 -namespace buildkit -id abc start":                                                                   {Engine: BuildKit, ID: "abc", Build: true},
		"containerd-shim-runc-v2 -namespace default -id free-text start":                                                              {Engine: Containerd, ID: "free-text"},
		"/usr/bin/conmon --api-version 1 -c abc -u abc -r /usr/bin/crun -b /b -p /p -n vibrant_cray --exit-dir /run/libpod/exits -e2": {Engine: Podman, ID: "abc", Name: "vibrant_cray"},
		"conmon -c abc --exit-dir /var/run/crio/exits -n k8s_main_mini_default_uid-1_0":                                               {Engine: CRIO, ID: "abc", Name: "main"},
		"conmon -c abc --exit-dir /var/run/crio/exits -n my_own":                                                                      {Engine: CRIO, ID: "abc", Name: "my_own"},
		"/opt/containerd-shim-runc-v2-2.2.1 -namespace moby -id abc start":                                                            {Engine: Docker, ID: "abc"},
		"containerd-shim-runc2-v2 -namespace k8s.io -id abc":                                                                          {Engine: CRI, ID: "abc"},
		"containerd-shim-runc-v2.bak -namespace moby -id abc":                                                                         {Engine: Docker, ID: "abc"},
		"containerd-shim -namespace moby -workdir /var/lib/containerd/io.containerd.runtime.v1.linux/moby/abc -address /s":            {Engine: Docker, ID: "abc"},
		"docker-containerd-shim -namespace moby -workdir /w/moby/abc -runtime-root /r":                                                {Engine: Docker, ID: "abc"},
		"containerd-shim-1.4 -namespace default -workdir /w/default/abc/":                                                             {Engine: Containerd, ID: "abc"},
		"conmon-2.1.10 -c abc --exit-dir /run/libpod/exits":                                                                           {Engine: Podman, ID: "abc"},
		"conmon -c abc --exit-dir /run/libpod/exits -n k8s_main_mini_default_uid-1_0":                                                 {Engine: Podman, ID: "abc", Name: "k8s_main_mini_default_uid-1_0"},
		"/usr/bin/conmon -b /b -c abc --exit-dir /var/run/crio/exits -l /log":                                                         {Engine: CRIO, ID: "abc"},
	} {
		if got, ok := Parse(argv.ProgramOf("", "", strings.Fields(line))); !ok || got != want {
			t.Errorf("%s:\n got %+v, %t\nwant %+v", line, got, ok, want)
		}
	}
	for _, line := range []string{
		"", "conmon", "conmon --version", "/usr/bin/dockerd -D",
		"containerd-shim-runc-v2 -namespace moby -address /s -id abc -bundle /b delete",
		"conmon --api-version 1 -c abc -u x -r /usr/bin/crun --exec-attach --exec-process-spec /p",
		"conmon -c abc -e",
		"containerd-shim-kata-v2 -namespace k8s.io -id abc", "my-containerd-shim-runc-v2 -namespace moby -id abc",
		"containerd-shim-runc-v2-2.2.1 -namespace moby -id abc delete", "containerd-shim -namespace moby", "conmonitor -c abc",
		"containerd-shim -namespace moby -workdir /", "containerd-shim -namespace moby -workdir .",
	} {
		if got, ok := Parse(argv.ProgramOf("", "", strings.Fields(line))); ok {
			t.Errorf("%q: recognised as %+v", line, got)
		}
	}
}

// TestShimByOtherNames recognises a shim that a link leads to, that is a script, or whose
// name was added.
func TestShimByOtherNames(t *testing.T) {
	const flags = " -namespace moby -id abc start"
	for _, p := range []argv.Program{
		argv.ProgramOf("/opt/shim", "containerd-shim-runc-v2-2.2.1", strings.Fields("/opt/shim"+flags)),
		argv.ProgramOf("/opt/containerd-shim-runc-v2", "dash", strings.Fields("/bin/sh /opt/containerd-shim-runc-v2"+flags)),
		argv.ProgramOf("/bin/containerd-shim-runc-v2", "", strings.Fields("other"+flags)),
	} {
		if l, ok := Parse(p); !ok || l != (Launch{Engine: Docker, ID: "abc"}) {
			t.Errorf("%+v: %+v, %t", p, l, ok)
		}
	}

	own := argv.ProgramOf("", "", strings.Fields("/opt/own-shim"+flags))
	if l, ok := Parse(own); ok {
		t.Errorf("not added: %+v", l)
	}
	defer func(before []string) { addedShims = before }(addedShims)
	if err := AddShim("own-shim"); err != nil {
		t.Fatal(err)
	}
	if l, ok := Parse(own); !ok || l.Engine != Docker {
		t.Errorf("added: %+v, %t", l, ok)
	}
	if monitor, ok := Parse(argv.ProgramOf("", "", strings.Fields("own-shim -c abc --exit-dir /run/libpod/exits"))); !ok || monitor.Engine != Podman {
		t.Errorf("added: %+v, %t", monitor, ok)
	}
	for _, list := range [][]string{Executables(), Shims()} {
		if !slices.Contains(list, "own-shim") {
			t.Errorf("not in %q", list)
		}
	}
	if err := AddShim("/opt/own-shim"); err == nil {
		t.Error("a path is accepted")
	}
}
