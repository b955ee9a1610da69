package engine

import (
	"strings"
	"testing"
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
		"conmon -c abc --exit-dir /run/libpod/exits -n k8s_main_mini_default_uid-1_0":                                                 {Engine: Podman, ID: "abc", Name: "k8s_main_mini_default_uid-1_0"},
		"/usr/bin/conmon -b /b -c abc --exit-dir /var/run/crio/exits -l /log":                                                         {Engine: CRIO, ID: "abc"},
	} {
		if got, ok := Parse(strings.Fields(line)); !ok || got != want {
			t.Errorf("%s:\n got %+v, %t\nwant %+v", line, got, ok, want)
		}
	}
	for _, line := range []string{
		"", "conmon", "conmon --version", "/usr/bin/dockerd -D",
		"containerd-shim-runc-v2 -namespace moby -address /s -id abc -bundle /b delete",
		"conmon --api-version 1 -c abc -u x -r /usr/bin/crun --exec-attach --exec-process-spec /p",
		"conmon -c abc -e",
	} {
		if got, ok := Parse(strings.Fields(line)); ok {
			t.Errorf("%q: recognised as %+v", line, got)
		}
	}
}
