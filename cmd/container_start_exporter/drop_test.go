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
)

// supervisor is what systemd is to a service of Type=notify.
type supervisor struct{ *net.UnixConn }

// supervise starts serve, as a service, and ends it with the test.
func supervise(t *testing.T, cmd *exec.Cmd) *supervisor {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify") // t.TempDir's may be too long for a socket
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
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return &supervisor{conn}
}

// told waits for what a service says next.
func (s *supervisor) told(t *testing.T) string {
	t.Helper()
	if err := s.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 4096)
	n, err := s.Read(text)
	if err != nil {
		t.Fatal("nothing was told:", err)
	}
	return string(text[:n])
}

// credentials are the capabilities of each thread of a process.
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

// credentialsOf are the lines of a status file that tell what a process may.
func credentialsOf(status string) string {
	return strings.Join(regexp.MustCompile(`(?m)^(Cap...|NoNewPrivs):.*$`).FindAllString(status, -1), "\n")
}

// sets are such lines, of these sets.
func sets(inherited, permitted, bounding, ambient []cap.Value, noNewPrivs int) string {
	bits := func(list []cap.Value) (n uint64) {
		for _, c := range list {
			n |= 1 << c
		}
		return n
	}
	return fmt.Sprintf("CapInh:\t%016x\nCapPrm:\t%016[2]x\nCapEff:\t%016[2]x\nCapBnd:\t%016[3]x\nCapAmb:\t%016[4]x\nNoNewPrivs:\t%d",
		bits(inherited), bits(permitted), bits(bounding), bits(ambient), noNewPrivs)
}

// serve drops what nothing needs any more before it says that it is ready, in
// all of its threads, and says when it stops.
func TestServeDropsPrivileges(t *testing.T) {
	needRoot(t)
	four := []cap.Value{cap.BPF, cap.PERFMON, cap.SYS_PTRACE, cap.DAC_READ_SEARCH}
	serve := []string{binary, "serve", "--web.listen-address=127.0.0.1:0"}
	for name, tc := range map[string]struct {
		cmd  *exec.Cmd
		want string
	}{
		"root":    {exec.Command(serve[0], serve[1:]...), sets(nil, toRead, nil, nil, 1)},
		"two":     {as(t, nobody, all[:2], serve...), sets(nil, nil, four[:2], nil, 1)},
		"four":    {as(t, nobody, all, serve...), sets(nil, toRead, four, nil, 1)},
		"no root": {as(t, 0, all[:3], serve...), sets(nil, four[2:3], four[:3], nil, 1)},
		"keep":    {as(t, nobody, all, append(serve, "--privileges.keep")...), sets(four, four, four, four, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			s := supervise(t, tc.cmd)
			if told := s.told(t); !strings.HasPrefix(told, "READY=1\nSTATUS=") || !strings.Contains(told, "hooks are attached") {
				t.Errorf("told %q", told)
			}
			threads := credentials(t, tc.cmd.Process.Pid)
			for _, got := range slices.Compact(threads) {
				if got != tc.want {
					t.Errorf("of %d threads one has\n%s\nwant\n%s", len(threads), got, tc.want)
				}
			}
			if err := tc.cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if told := s.told(t); told != "STOPPING=1" {
				t.Errorf("told %q", told)
			}
			if err := tc.cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

// The command of run may what its user may.
func TestRunCommandHasUsersPrivileges(t *testing.T) {
	show := []string{"grep", "-E", "Cap|NoNewPrivs", "/proc/self/status"}
	own, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	needRoot(t)
	if e := do(t, "", 0, append([]string{"run", "--"}, show...)...); strings.TrimSpace(e.stdout) != credentialsOf(string(own)) {
		t.Errorf("as root: %+v; want %s", e, credentialsOf(string(own)))
	}
	run := append([]string{binary, "run", "--"}, show...)
	without, with := ends(t, as(t, nobody, all, show...)), ends(t, as(t, nobody, all, run...))
	if without.stdout == "" || with.stdout != without.stdout {
		t.Errorf("as another user: %+v; want %s", with, without.stdout)
	}
}

// What asks run to end reaches its command, also where that has become another
// user: for a signal to it CAP_KILL is kept.
func TestRunSignalsAnotherUser(t *testing.T) {
	needRoot(t)
	cmd := exec.Command(binary, "run", "--", "setpriv", "--reuid", "65532", "--clear-groups",
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
	want := sets(nil, append(toRead, cap.KILL), nil, nil, 1)
	waitFor(t, "run to drop privileges", func() bool { return slices.Contains(credentials(t, cmd.Process.Pid), want) })
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 9 {
		t.Errorf("status %d; want the command's 9", code)
	}
}

// waitFor waits until a condition holds.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain for", what)
		}
	}
}
