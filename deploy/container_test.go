package deploy

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"go.yaml.in/yaml/v2"

	"container_start_exporter/internal/testhost"
)

// nobody is the id of a user that owns no files.
const nobody = 65532

// confinement is how the exporter is confined in a container, in addition to a
// read-only root and no new privileges.
type confinement struct {
	user         int
	capabilities []string // without CAP_
	seccomp      *specs.LinuxSeccomp
}

// composed returns the confinement in compose.yaml. TestCompose checks that the
// file also sets a read-only root and no new privileges.
func composed(t *testing.T) confinement {
	t.Helper()
	var file composeFile
	if err := yaml.UnmarshalStrict(read(t, "compose.yaml"), &file); err != nil {
		t.Fatal(err)
	}
	c := confinement{capabilities: file.Services["exporter"].CapAdd, seccomp: &specs.LinuxSeccomp{}}
	if err := json.Unmarshal(read(t, "seccomp.json"), c.seccomp); err != nil {
		t.Fatal(err)
	}
	return c
}

// without returns a copy of a profile that no longer allows a system call.
func without(s *specs.LinuxSeccomp, call string) *specs.LinuxSeccomp {
	less := *s
	less.Syscalls = slices.Clone(s.Syscalls)
	for i := range less.Syscalls {
		less.Syscalls[i].Names = slices.DeleteFunc(slices.Clone(less.Syscalls[i].Names), func(n string) bool { return n == call })
	}
	less.Syscalls = slices.DeleteFunc(less.Syscalls, func(s specs.LinuxSyscall) bool { return len(s.Names) == 0 })
	return &less
}

// image makes a directory with the binary and nothing else, like the image of the
// Dockerfile, and returns it.
func image(t *testing.T) (dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("not root: no container can be started")
	}
	if _, err := exec.LookPath("runc"); err != nil {
		t.Skip("runc is not installed (package runc)")
	}
	dir = t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("go", "build", "-buildvcs=false", "-o", dir, "container_start_exporter/cmd/container_start_exporter")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return dir
}

// bundle makes a bundle that executes the binary of an image, with a
// configuration that change may edit, and returns its directory.
func bundle(t *testing.T, image string, change func(*specs.Spec), args ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if out, err := exec.Command("runc", "spec", "--bundle", dir).CombinedOutput(); err != nil {
		t.Fatalf("runc spec: %v\n%s", err, out)
	}
	var spec specs.Spec
	if err := json.Unmarshal(read(t, filepath.Join(dir, "config.json")), &spec); err != nil {
		t.Fatal(err)
	}
	spec.Version = "1.0.2" // crun 1.8 rejects newer ones
	spec.Root = &specs.Root{Path: image, Readonly: true}
	spec.Process.Terminal, spec.Process.Rlimits = false, nil
	spec.Process.Args = append([]string{"/container_start_exporter"}, args...)
	change(&spec)
	content, err := json.Marshal(&spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// confine applies the confinement to a container's configuration, except that the
// container stays in the host's network namespace, where the test can reach it.
func (c confinement) confine(s *specs.Spec) {
	var capabilities []string
	for _, name := range c.capabilities {
		capabilities = append(capabilities, "CAP_"+name)
	}
	s.Process.NoNewPrivileges = true
	s.Process.User = specs.User{UID: uint32(c.user), GID: uint32(c.user)}
	s.Process.Capabilities = &specs.LinuxCapabilities{Bounding: capabilities, Effective: capabilities, Permitted: capabilities}
	if c.user != 0 {
		s.Process.Capabilities.Inheritable, s.Process.Capabilities.Ambient = capabilities, capabilities
	}
	s.Linux.Seccomp = c.seccomp
	s.Linux.Namespaces = slices.DeleteFunc(s.Linux.Namespaces, func(n specs.LinuxNamespace) bool {
		return n.Type == specs.PIDNamespace || n.Type == specs.NetworkNamespace
	})
	s.Mounts = append(s.Mounts, specs.Mount{Destination: tracefs, Type: "bind", Source: tracefs, Options: []string{"rbind", "ro"}})
}

// TestContainer checks that the exporter in a container attaches as many kernel
// hooks as on the host, times a start, and reads the bundle of that start.
func TestContainer(t *testing.T) {
	image := image(t)
	compose := composed(t)
	unprivileged := compose // what an engine such as Podman grants to a user other than root
	unprivileged.user, unprivileged.capabilities = nobody, append([]string{"DAC_READ_SEARCH"}, compose.capabilities...)
	hooks := regexp.MustCompile(`\d+ of \d+ (kernel )?hooks`)
	onHost, err := exec.Command(filepath.Join(image, "container_start_exporter"), "check").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		runtime string
		confinement
	}{
		"root": {"runc", compose}, "another user": {"runc", unprivileged}, "crun": {"crun", compose},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := exec.LookPath(tc.runtime); err != nil {
				t.Skip(err)
			}
			address := freeAddress(t)
			dir := bundle(t, image, tc.confine, "serve", "--web.listen-address="+address)
			exporter := start(t, tc.runtime, dir, "exporter")
			get := func(path string) string { return answer("http://" + address + path) }
			waitFor(t, "ready", func() bool { return strings.HasPrefix(get("/-/ready"), "ready") })
			if got, want := hooks.FindString(get("/-/ready")), hooks.FindString(string(onHost)); got != want || got == "" {
				t.Errorf("%s, on the host %s", got, want)
			}

			id := "seen-by-" + filepath.Base(dir)
			other := exec.Command("runc", "run", "--bundle", bundle(t, image, func(*specs.Spec) {}, "--version"), id)
			if out, err := other.CombinedOutput(); err != nil {
				t.Fatalf("runc run: %v\n%s", err, out)
			}
			waitFor(t, "the start on the page", func() bool { return strings.Contains(get("/"), id) })
			if !strings.Contains(get("/metrics"), "\ncontainer_start_exporter_bundles_unread_total 0\n") {
				t.Error("the bundle of the start could not be read")
			}

			if err := exporter.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := exporter.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("capset refused", func(t *testing.T) { testRefusedCapset(t, image, compose) })
}

// testRefusedCapset checks that the exporter fails if capset is refused, unless
// --privileges.keep allows it to keep its privileges.
func testRefusedCapset(t *testing.T, image string, c confinement) {
	c.seccomp = without(c.seccomp, "capset")
	watch := bundle(t, image, c.confine, "watch")
	out, err := exec.Command("runc", "run", "--bundle", watch, "refused-"+filepath.Base(filepath.Dir(watch))).CombinedOutput()
	if err == nil || !strings.HasPrefix(string(out), "container_start_exporter: drop privileges: ") || strings.Count(string(out), "\n") != 1 {
		t.Errorf("%v: %s", err, out)
	}
	address := freeAddress(t)
	start(t, "runc", bundle(t, image, c.confine, "serve", "--privileges.keep", "--web.listen-address="+address), "kept")
	waitFor(t, "ready", func() bool { return strings.HasPrefix(answer("http://"+address+"/-/ready"), "ready") })
}

// start runs a container until the test ends.
func start(t *testing.T, runtime, bundle, name string) *exec.Cmd {
	t.Helper()
	id := name + "-" + filepath.Base(filepath.Dir(bundle))
	argv := []string{runtime}
	if runtime == "crun" {
		argv = append(testhost.WithoutV2Controllers(t), runtime)
	}
	command := func(args ...string) *exec.Cmd {
		args = slices.Concat(argv, args)
		return exec.Command(args[0], args[1:]...)
	}
	cmd := command("run", "--bundle", bundle, id)
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command("delete", "--force", id).Run() // fails if the container is already gone
		_ = cmd.Wait()
	})
	return cmd
}

// freeAddress returns a local address that no process listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// answer returns the body that a URL responds with, or "" if it does not respond
// with status 200.
func answer(url string) string {
	response, err := http.Get(url)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}

// waitFor waits until holds returns true, for at most 30 seconds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("timed out waiting for", what)
		}
	}
}
