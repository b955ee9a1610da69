package deploy

import (
	"encoding/json"
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

	"container_start_exporter/test/host"
)

// timeout is how long the exporter may take to do anything.
const timeout = 30 * time.Second

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

// image returns the directory of the binary, which has nothing else in it, like the
// image of the Dockerfile.
func image(t *testing.T) (dir string) {
	t.Helper()
	host.NeedRoot(t)
	host.NeedProgram(t, "runc", "runc")
	return filepath.Dir(host.StaticExporter(t))
}

// bundle makes a bundle that executes the binary of an image, with a
// configuration that change may edit, and returns its directory.
func bundle(t *testing.T, image string, change func(*specs.Spec), args ...string) (dir string) {
	t.Helper()
	dir = host.Bundle(t, image, append([]string{"/container_start_exporter"}, args...)...)
	host.ChangeSpec(t, dir, change)
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

// TestContainer checks that the exporter in a container attaches as many probes
// as on the host, times a start, and reads the bundle of that start.
func TestContainer(t *testing.T) {
	image := image(t)
	compose := composed(t)
	unprivileged := compose // what an engine such as Podman grants to a user other than root
	unprivileged.user, unprivileged.capabilities = nobody, append([]string{"DAC_READ_SEARCH"}, compose.capabilities...)
	attached := regexp.MustCompile(`\d+ of \d+ probes`)
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
			address := host.FreeAddress(t)
			dir := bundle(t, image, tc.confine, "serve", "--web.listen-address="+address)
			exporter := start(t, tc.runtime, dir, "exporter")
			get := func(path string) string { return host.Answer("http://" + address + path) }
			exporter.WaitFor(t, timeout, "ready", func() bool { return strings.HasPrefix(get("/-/ready"), "ready") })
			if got, want := attached.FindString(get("/-/ready")), attached.FindString(string(onHost)); got != want || got == "" {
				t.Errorf("%s, on the host %s", got, want)
			}

			id := "seen-by-" + filepath.Base(dir)
			other := exec.Command("runc", "run", "--bundle", bundle(t, image, func(*specs.Spec) {}, "--version"), id)
			if out, err := other.CombinedOutput(); err != nil {
				t.Fatalf("runc run: %v\n%s", err, out)
			}
			exporter.WaitFor(t, timeout, "the start on the page", func() bool { return strings.Contains(get("/"), id) })
			if !strings.Contains(get("/metrics"), "\ncontainer_start_exporter_bundles_unread_total 0\n") {
				t.Error("the bundle of the start could not be read")
			}

			if err := exporter.End(syscall.SIGTERM, timeout); err != nil || !exporter.Cmd.ProcessState.Success() {
				t.Errorf("%v, %v\n%s", err, exporter.Cmd.ProcessState, exporter.Stderr.String())
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
	address := host.FreeAddress(t)
	kept := start(t, "runc", bundle(t, image, c.confine, "serve", "--privileges.keep", "--web.listen-address="+address), "kept")
	kept.WaitFor(t, timeout, "ready", func() bool { return strings.HasPrefix(host.Answer("http://"+address+"/-/ready"), "ready") })
}

// start runs a container until the test ends.
func start(t *testing.T, runtime, bundle, name string) *host.Process {
	t.Helper()
	id := name + "-" + filepath.Base(filepath.Dir(bundle))
	argv := []string{runtime}
	if runtime == "crun" {
		argv = append(host.WithoutV2Controllers(t), runtime)
	}
	command := func(args ...string) *exec.Cmd {
		args = slices.Concat(argv, args)
		return exec.Command(args[0], args[1:]...)
	}
	p := host.Start(t, command("run", "--bundle", bundle, id))
	t.Cleanup(func() { _ = command("delete", "--force", id).Run() }) // fails if the container is already gone
	return p
}
