package deploy

import (
	"encoding/json"
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
)

// unseen are the system calls that the profile allows and that are not made
// here, and why they are allowed.
var unseen = map[string]string{
	"ioctl":           "perf events before Linux 5.15",
	"getrandom":       "random numbers before Linux 6.11, which has them in the vDSO",
	"clock_gettime":   "the time where the vDSO has none",
	"mincore":         "the Go runtime on some kernels",
	"exit":            "the end of a thread",
	"exit_group":      "the end of the process, of which strace may see only that it ended",
	"restart_syscall": "a system call that was stopped and goes on",
	"rt_sigreturn":    "the end of a signal's handler",
	"sched_yield":     "a lock that many wait for",
	"tgkill":          "a goroutine that runs for long",
	"madvise":         "memory that is given back",
	"munmap":          "memory that is given back",
	"nanosleep":       "a lock that many wait for",
	"shutdown":        "a client that does not close its connection",
	"connect":         "traces, systemd", "getpeername": "traces", "getsockopt": "traces",
	"prlimit64": "locked memory before Linux 5.11",
	"statx":     "runc 1.5, before it executes the exporter", "fstatfs": "runc, before it executes the exporter",
}

// profile is the seccomp profile, read strictly: Docker takes it so, and what
// reads it as the OCI's does not look at comments.
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

// What the profile allows is what check and serve do, and what is said to be
// seldom.
func TestSeccompProfileIsLeast(t *testing.T) {
	p := profile(t)
	if p.DefaultAction != "SCMP_ACT_ERRNO" {
		t.Errorf("what is not named is %s", p.DefaultAction)
	}
	allowed := map[string]bool{}
	for _, s := range p.Syscalls {
		for _, name := range s.Names {
			if s.Action == "SCMP_ACT_ALLOW" {
				allowed[name] = true
			}
		}
	}
	made := calls(t)
	for _, name := range slices.Sorted(maps.Keys(made)) {
		if !allowed[name] {
			t.Errorf("%s is made, and not allowed", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(allowed)) {
		if !made[name] && unseen[name] == "" {
			t.Errorf("%s is allowed, and not made", name)
		}
	}
}

// calls are the system calls of check and of serve, as strace sees them.
func calls(t *testing.T) map[string]bool {
	t.Helper()
	binary := filepath.Join(image(t), "container_start_exporter")
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed (package strace)")
	}
	trace := filepath.Join(t.TempDir(), "trace")
	strace := []string{"-f", "-qq", "-A", "-o", trace, binary}
	if out, err := exec.Command("strace", append(strace, "check")...).CombinedOutput(); err != nil {
		t.Fatalf("check: %v\n%s", err, out)
	}
	address := freeAddress(t)
	serve := exec.Command("strace", append(strace, "serve", "--web.listen-address="+address)...)
	serve.Stderr = t.Output()
	serve.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(-serve.Process.Pid, syscall.SIGKILL)
	waitFor(t, "ready", func() bool { return answer("http://"+address+"/-/ready") != "" })
	for _, path := range []string{"/", "/metrics"} {
		if answer("http://"+address+path) == "" {
			t.Error("no answer to", path)
		}
	}
	if err := syscall.Kill(-serve.Process.Pid, syscall.SIGTERM); err != nil { // strace itself does not heed it
		t.Fatal(err)
	}
	if err := serve.Wait(); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	made := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\d+ +([a-z0-9_]+)\(`).FindAllStringSubmatch(string(text), -1) {
		made[m[1]] = true
	}
	return made
}
