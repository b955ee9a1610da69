package e2e

import (
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"container_start_exporter/test/host"
)

// TestBadInput gives the exporter unusable input: it prints one clear line and
// fails.
func TestBadInput(t *testing.T) {
	garbage := writeFile(t, "garbage", "{\"time\":1,\"kind\":\"exit\",\"pid\":1}\nnot json\n", 0o644)
	truncated := writeFile(t, "truncated", "{\"time\":1,\"kind\":\"exit\",\"pid\":1}\n{\"time\":2,\"ki", 0o644)
	tests := []struct {
		name   string
		args   []string
		reason string
	}{
		{"unknown flag", []string{"serve", "--no-such-flag"}, "no-such-flag"},
		{"unknown command", []string{"no-such-command"}, "no-such-command"},
		{"garbage recording", []string{"replay", garbage}, "line 2:"},
		{"truncated recording", []string{"replay", truncated}, "line 2:"},
		{"no recording", []string{"replay", "/no/such/file"}, "/no/such/file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			checkErrorLine(t, execute(t, exporterCmd(t, test.args...)), test.reason)
		})
	}
}

// TestPortInUse listens on the address that the exporter is to listen on.
func TestPortInUse(t *testing.T) {
	host.NeedRoot(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	address := listener.Addr().String()
	checkErrorLine(t, execute(t, exporterCmd(t, "serve", "--log.level=error", "--web.listen-address="+address)), "address already in use")
}

// TestNoRoot runs the exporter as a user without the right to load probes.
func TestNoRoot(t *testing.T) {
	host.NeedRoot(t)
	for _, args := range [][]string{{"watch"}, {"events"}, {"serve", "--web.listen-address=127.0.0.1:0"}, {"run", "--", "/bin/true"}} {
		t.Run(args[0], func(t *testing.T) {
			checkErrorLine(t, executeAs(t, 65534, exporterCmd(t, args...)), "root")
		})
	}
}

func executeAs(t *testing.T, user uint32, cmd *exec.Cmd) result {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
	return execute(t, cmd)
}

// checkErrorLine checks that a command failed and printed one line that contains
// the reason.
func checkErrorLine(t *testing.T, r result, reason string) {
	t.Helper()
	if r.code <= 0 || r.stdout != "" || !strings.Contains(r.stderr, reason) || strings.Contains(r.stderr, "goroutine") {
		t.Errorf("want a failure that mentions %q: %v", reason, r)
	}
	if n := strings.Count(r.stderr, "\n"); n != 1 {
		t.Errorf("%d lines; want one: %v", n, r)
	}
}
