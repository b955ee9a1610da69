package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"container_start_exporter/test/host"
)

// TestCheckInPIDNamespace runs check on the host, and in pid namespaces of its own: as a
// container has one that has not the host's, as a node that is a container, and with a
// /proc that is not its own. Check says in one line what each means.
func TestCheckInPIDNamespace(t *testing.T) {
	needRoot(t)
	engine := filepath.Join(t.TempDir(), "containerd")
	if err := os.Symlink("/bin/sleep", engine); err != nil {
		t.Fatal(err)
	}
	check := host.Exporter(t) + " check"
	for _, tt := range []struct {
		name, note string
		command    []string
	}{
		{"on the host", "", []string{"sh", "-c", check}},
		{"as pid 1", noteOwn, []string{"unshare", "--pid", "--fork", "--mount-proc", host.Exporter(t), "check"}},
		{"below an init", noteOwn, []string{"unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", check + "; exit $?"}},
		{"with an engine", noteNode, []string{"unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", engine + " 60 & " + check + "; status=$?; kill $!; exit $status"}},
		{"with the host's /proc", noteForeign, []string{"unshare", "--pid", "--fork", host.Exporter(t), "check"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := finish(t, exec.Command(tt.command[0], tt.command[1:]...))
			var notes []string
			for line := range strings.Lines(in.stdout) {
				if note, found := strings.CutPrefix(line, "pids "); found {
					notes = append(notes, strings.TrimSpace(note))
				}
			}
			if in.code != 0 || strings.Join(notes, "\n") != tt.note {
				t.Errorf("exit status %d, notes %q; want %q\n%s%s", in.code, notes, tt.note, in.stdout, in.stderr)
			}
		})
	}
}

// TestIsNode looks at processes as /proc shows them in nodes and in containers. Where pid
// 1 is a system's init or hidden, it is never a mistake to be there.
func TestIsNode(t *testing.T) {
	for _, tt := range []struct {
		processes []string // from pid 1 on; "" is hidden
		want      bool
	}{
		{[]string{"systemd", "container_start"}, true},                          // kind, minikube, before its engine
		{[]string{"init", "container_start"}, true},                             // LXC
		{[]string{"docker-init", "k3s", "containerd", "container_start"}, true}, // k3d
		{[]string{"dockerd", "containerd", "container_start"}, true},            // docker:dind
		{[]string{"sh", "containerd-shim", "container_start"}, true},            // cut to 15 bytes
		{[]string{"", "container_start"}, true},                                 // hidepid
		{[]string{"container_start"}, false},                                    // docker run
		{[]string{"docker-init", "container_start"}, false},                     // docker run --init
		{[]string{"pause", "nginx", "container_start"}, false},                  // shareProcessNamespace
		{[]string{"tini", "bash", "container_start", "prometheus", "sleep"}, false},
	} {
		dir := t.TempDir()
		for i, name := range tt.processes {
			p := filepath.Join(dir, strconv.Itoa(i+1))
			if name == "" {
				continue
			}
			if err := os.Mkdir(p, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(p, "comm"), []byte(name+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := isNode(dir); got != tt.want {
			t.Errorf("%q: %t, want %t", tt.processes, got, tt.want)
		}
	}
}
