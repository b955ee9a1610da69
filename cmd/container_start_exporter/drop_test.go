package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"kernel.org/pub/linux/libs/security/libcap/cap"

	"container_start_exporter/test/host"
)

// nobody is the id of a user that owns no files.
const nobody = 65532

// allCapabilities are the capabilities that the exporter can use on any kernel,
// without CAP_.
var allCapabilities = []string{"BPF", "PERFMON", "SYS_PTRACE", "DAC_READ_SEARCH"}

// without returns a list of capabilities with one removed.
func without(capabilities []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(capabilities), func(c string) bool { return c == one })
}

// readCapabilities are those of them that serve keeps.
var readCapabilities = []cap.Value{cap.SYS_PTRACE, cap.DAC_READ_SEARCH}

// supervisor receives what a service of Type=notify sends to systemd.
type supervisor struct{ *net.UnixConn }

// supervise starts a command as a service, and kills it when the test ends.
func supervise(t *testing.T, cmd *exec.Cmd) *supervisor {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify") // t.TempDir may be too long a path for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	for _, path := range []string{dir, socket} {
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket)
	stderr := &host.Output{}
	cmd.Stderr = io.MultiWriter(t.Output(), stderr)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		host.CheckRaces(t, cmd, stderr.String())
	})
	return &supervisor{conn}
}

// next waits for the service's next message and returns it.
func (s *supervisor) next(t *testing.T) string {
	t.Helper()
	if err := s.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 4096)
	n, err := s.Read(text)
	if err != nil {
		t.Fatal("no message from the service:", err)
	}
	return string(text[:n])
}

// credentials returns what credentialsOf returns for each thread of a process.
func credentials(t *testing.T, pid int) (threads []string) {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(files) == 0 {
		t.Fatal("no threads:", err)
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil { // a thread may have ended
			threads = append(threads, credentialsOf(string(text)))
		}
	}
	return threads
}

// credentialsOf returns the lines of /proc/PID/status with capabilities and
// NoNewPrivs.
func credentialsOf(status string) string {
	return strings.Join(regexp.MustCompile(`(?m)^(Cap...|NoNewPrivs):.*$`).FindAllString(status, -1), "\n")
}

// credentialLines returns the lines that credentialsOf would return for these
// capability sets.
func credentialLines(inherited, permitted, bounding, ambient []cap.Value, noNewPrivs int) string {
	bits := func(list []cap.Value) (n uint64) {
		for _, c := range list {
			n |= 1 << c
		}
		return n
	}
	return fmt.Sprintf("CapInh:\t%016x\nCapPrm:\t%016[2]x\nCapEff:\t%016[2]x\nCapBnd:\t%016[3]x\nCapAmb:\t%016[4]x\nNoNewPrivs:\t%d",
		bits(inherited), bits(permitted), bits(bounding), bits(ambient), noNewPrivs)
}

// TestServeDropsPrivileges checks that serve drops capabilities in all of its
// threads before it notifies systemd that it is ready, and notifies it when it
// stops.
func TestServeDropsPrivileges(t *testing.T) {
	needRoot(t)
	four := []cap.Value{cap.BPF, cap.PERFMON, cap.SYS_PTRACE, cap.DAC_READ_SEARCH}
	serve := []string{host.Exporter(t), "serve", "--web.listen-address=127.0.0.1:0"}
	for name, tc := range map[string]struct {
		cmd  *exec.Cmd
		want string
	}{
		"root":    {exec.Command(serve[0], serve[1:]...), credentialLines(nil, readCapabilities, nil, nil, 1)},
		"two":     {host.AsUser(t, nobody, allCapabilities[:2], serve...), credentialLines(nil, nil, four[:2], nil, 1)},
		"four":    {host.AsUser(t, nobody, allCapabilities, serve...), credentialLines(nil, readCapabilities, four, nil, 1)},
		"no root": {host.AsUser(t, 0, allCapabilities[:3], serve...), credentialLines(nil, four[2:3], four[:3], nil, 1)},
		"keep":    {host.AsUser(t, nobody, allCapabilities, append(serve, "--privileges.keep")...), credentialLines(four, four, four, four, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			s := supervise(t, tc.cmd)
			if message := s.next(t); !strings.HasPrefix(message, "READY=1\nSTATUS=") || !strings.Contains(message, "probes are attached") {
				t.Errorf("message %q", message)
			}
			threads := credentials(t, tc.cmd.Process.Pid)
			for _, got := range slices.Compact(threads) {
				if got != tc.want {
					t.Errorf("one of %d threads has\n%s\nwant\n%s", len(threads), got, tc.want)
				}
			}
			if err := tc.cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if message := s.next(t); message != "STOPPING=1" {
				t.Errorf("message %q", message)
			}
			if err := tc.cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestRunCommandHasUsersPrivileges checks that the command of run has the
// privileges of the user who started run.
func TestRunCommandHasUsersPrivileges(t *testing.T) {
	show := []string{"grep", "-E", "Cap|NoNewPrivs", "/proc/self/status"}
	own, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	needRoot(t)
	if e := invoke(t, "", 0, append([]string{"run", "--"}, show...)...); strings.TrimSpace(e.stdout) != credentialsOf(string(own)) {
		t.Errorf("as root: %+v; want %s", e, credentialsOf(string(own)))
	}
	run := append([]string{host.Exporter(t), "run", "--"}, show...)
	alone, underRun := finish(t, host.AsUser(t, nobody, allCapabilities, show...)), finish(t, host.AsUser(t, nobody, allCapabilities, run...))
	if alone.stdout == "" || underRun.stdout != alone.stdout {
		t.Errorf("as another user: %+v; want %s", underRun, alone.stdout)
	}
}

// TestRunSignalsAnotherUser checks that SIGTERM to run reaches its command after
// the command has become another user, which needs CAP_KILL.
func TestRunSignalsAnotherUser(t *testing.T) {
	needRoot(t)
	cmd := exec.Command(host.Exporter(t), "run", "--", "setpriv", "--reuid", "65532", "--clear-groups",
		"sh", "-c", `trap 'exit 9' TERM; echo begun; while :; do sleep 0.05; done`)
	reading, writing := io.Pipe()
	cmd.Stdout, cmd.WaitDelay = writing, time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	if _, err := reading.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, reading)
	want := credentialLines(nil, append(readCapabilities, cap.KILL), nil, nil, 1)
	waitFor(t, "run to drop privileges", func() bool { return slices.Contains(credentials(t, cmd.Process.Pid), want) })
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 9 {
		t.Errorf("status %d; want 9, that of the command", code)
	}
}

// waitFor waits until a condition is true.
func waitFor(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("timed out waiting for", what)
		}
	}
}
