package deploy

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"container_start_exporter/test/host"
)

// unobserved are the system calls that the profile allows and that this test may
// not observe, and why they are allowed.
var unobserved = map[string]string{
	"ioctl":           "perf events before Linux 5.15",
	"getrandom":       "random numbers before Linux 6.11, whose vDSO has them",
	"clock_gettime":   "the time, if the vDSO cannot read it",
	"mincore":         "the Go runtime on some kernels",
	"exit":            "the end of a thread",
	"exit_group":      "the end of the process, which strace may report only as an exit",
	"restart_syscall": "a system call that continues after a stop",
	"rt_sigreturn":    "the return from a signal handler",
	"sched_yield":     "a contended lock",
	"tgkill":          "the preemption of a long-running goroutine",
	"madvise":         "memory that is returned to the kernel",
	"munmap":          "memory that is returned to the kernel",
	"nanosleep":       "a contended lock",
	"shutdown":        "a client that does not close its connection",
	"connect":         "traces, systemd", "getpeername": "traces", "getsockopt": "traces",
	"prlimit64": "locked memory before Linux 5.11",
	"statx":     "runc 1.5, before it executes the exporter",
}

// profile reads the seccomp profile strictly, as Docker's format; programs that
// read it as an OCI profile ignore the comments.
func profile(t *testing.T) (p struct {
	DefaultAction   string
	DefaultErrnoRet int
	Syscalls        []struct {
		Comment  string
		Names    []string
		Action   string
		ErrnoRet int
		Args     []specs.LinuxSeccompArg
	}
}) {
	t.Helper()
	strict := json.NewDecoder(strings.NewReader(string(read(t, "seccomp.json"))))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&p); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestSeccompProfileIsLeast checks that the profile allows the system calls that
// check and serve make, those in unobserved, and no others.
func TestSeccompProfileIsLeast(t *testing.T) {
	p := profile(t)
	if p.DefaultAction != "SCMP_ACT_ERRNO" {
		t.Errorf("the default action is %s", p.DefaultAction)
	}
	allowed := map[string]bool{}
	for _, s := range p.Syscalls {
		for _, name := range s.Names {
			if s.Action == "SCMP_ACT_ALLOW" {
				allowed[name] = true
			}
		}
	}
	called := calls(t)
	for _, name := range slices.Sorted(maps.Keys(called)) {
		if !allowed[name] {
			t.Errorf("%s is called but not allowed", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(allowed)) {
		if !called[name] && unobserved[name] == "" {
			t.Errorf("%s is allowed but not called", name)
		}
	}
}

// executeRuntime executes a program as a runtime is executed to create a container,
// for which the exporter reads the bundle.
func executeRuntime(t *testing.T) {
	t.Helper()
	bundle := t.TempDir()
	runtime := filepath.Join(bundle, "runc")
	program, err := os.ReadFile("/bin/true")
	if err := errors.Join(err,
		os.WriteFile(runtime, program, 0o755),
		os.WriteFile(filepath.Join(bundle, "config.json"), []byte("{}"), 0o644),
		exec.Command(runtime, "create", "--bundle", bundle, "profile").Run(),
	); err != nil {
		t.Fatal(err)
	}
}

// calls returns the system calls of check and serve, as strace reports them.
func calls(t *testing.T) map[string]bool {
	t.Helper()
	binary := filepath.Join(image(t), "container_start_exporter")
	host.NeedProgram(t, "strace", "strace")
	trace := filepath.Join(t.TempDir(), "trace")
	strace := []string{"-f", "-qq", "-A", "-o", trace, binary}
	if out, err := exec.Command("strace", append(strace, "check")...).CombinedOutput(); err != nil {
		t.Fatalf("check: %v\n%s", err, out)
	}
	address := host.FreeAddress(t)
	serve := exec.Command("strace", append(strace, "serve", "--web.listen-address="+address)...)
	serve.Stderr = t.Output()
	serve.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(-serve.Process.Pid, syscall.SIGKILL)
	host.WaitFor(t, timeout, "ready", func() bool { return host.Answer("http://"+address+"/-/ready") != "" }, nil)
	for _, path := range []string{"/", "/metrics"} {
		if host.Answer("http://"+address+path) == "" {
			t.Error("no response from", path)
		}
	}
	executeRuntime(t)
	host.WaitFor(t, timeout, "reading a bundle", func() bool {
		made, err := os.ReadFile(trace)
		return err == nil && strings.Contains(string(made), "openat2(") && strings.Contains(string(made), "fstatfs(")
	}, nil)
	if err := syscall.Kill(-serve.Process.Pid, syscall.SIGTERM); err != nil { // strace itself ignores it
		t.Fatal(err)
	}
	if err := serve.Wait(); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	called := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\d+ +([a-z0-9_]+)\(`).FindAllStringSubmatch(string(text), -1) {
		called[m[1]] = true
	}
	return called
}
