package host

import (
	"debug/elf"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

func TestFreeAddress(t *testing.T) {
	listener, err := net.Listen("tcp", FreeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
}

func TestAnswer(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/here" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write([]byte("body"))
	}))
	defer server.Close()
	for url, want := range map[string]string{
		server.URL + "/here": "body", server.URL + "/there": "", "http://" + FreeAddress(t): "",
	} {
		if got := Answer(url); got != want {
			t.Errorf("%s answers %q; want %q", url, got, want)
		}
	}
}

// TestBuild builds a program twice: the second time, it is there already.
func TestBuild(t *testing.T) {
	const pkg = "container_start_exporter/test/e2e/testdata/impostor"
	path := Build(t, pkg)
	if again := Build(t, pkg); again != path || !strings.HasPrefix(path, Dir()+"/") {
		t.Errorf("built as %s and %s, in %s", path, again, Dir())
	}
	for dir := path; dir != Dir(); dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm()&0o005 != 0o005 {
			t.Errorf("%v, %v: not every user can execute it", info.Mode(), err)
		}
	}
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			t.Error("it is not static")
		}
	}
	if message := fails(t, func(t testing.TB) { Build(t, "container_start_exporter/missing") }); !strings.Contains(message, "container_start_exporter/missing") {
		t.Errorf("a package that does not exist: %q", message)
	}
}

func TestBundle(t *testing.T) {
	NeedProgram(t, "runc", "runc")
	NeedFile(t, "/bin/busybox", "busybox-static")
	root, err := Rootfs()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(filepath.Join(root, "bin/echo"), "hi").Output(); err != nil || string(out) != "hi\n" {
		t.Errorf("%q, %v", out, err)
	}
	dir := Bundle(t, root, "/bin/true", "an argument")
	ChangeSpec(t, dir, func(spec map[string]any) { spec["hostname"] = "changed" })
	ChangeSpec(t, dir, func(s *specs.Spec) {
		if s.Root.Path != root || len(s.Process.Args) != 2 || s.Process.Args[1] != "an argument" || s.Hostname != "changed" {
			t.Errorf("root %+v, process %+v, host name %s", s.Root, s.Process, s.Hostname)
		}
	})
}
