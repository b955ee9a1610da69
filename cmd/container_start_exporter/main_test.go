package main

import (
	"errors"
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
	"unicode/utf8"

	"container_start_exporter/test/host"
)

func TestMain(m *testing.M) { os.Exit(host.Main(m)) }

// result is the exit status and the output of a command.
type result struct {
	code           int
	stdout, stderr string
}

// invoke runs the program until it exits, as another user unless user is 0.
func invoke(t *testing.T, stdin string, user uint32, args ...string) result {
	t.Helper()
	cmd := exec.Command(host.Exporter(t), args...)
	cmd.Stdin = strings.NewReader(stdin)
	if user != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
	}
	return finish(t, cmd)
}

// finish runs a command until it exits, for at most 30 seconds.
func finish(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.WaitDelay = time.Second
	timer := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	host.CheckRaces(t, cmd, stderr.String())
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root")
	}
}

// TestBadInput checks that unusable input is refused with one line that says what
// to do.
func TestBadInput(t *testing.T) {
	const one = `{"time":1,"kind":"exit","pid":1}` + "\n"
	const notRecording = `not a recording: replay reads what "events --format json" writes`
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage")
	if err := os.WriteFile(garbage, []byte(one+one+"\x00\x1b[31m garbage\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		args  []string
		stdin string
		code  int
		says  []string
	}{
		"unknown flag":      {args: []string{"--nope"}, code: statusUsage, says: []string{"--nope", "--help"}},
		"unknown command":   {args: []string{"nope"}, code: statusUsage, says: []string{`unknown command "nope": try container_start_exporter --help`}},
		"misspelt command":  {args: []string{"wacth"}, code: statusUsage, says: []string{`unknown command "wacth"; did you mean "watch"?`}},
		"unknown format":    {args: []string{"watch", "--format", "xml"}, code: statusUsage, says: []string{"--format=xml: must be one of text, json"}},
		"bad timeout":       {args: []string{"--start-timeout", "soon"}, code: statusUsage, says: []string{"--start-timeout=soon: must be a duration, for example 90s"}},
		"timeout in what":   {args: []string{"--ready-timeout=5"}, code: statusUsage, says: []string{"--ready-timeout=5: give a unit, for example 90s"}},
		"no timeout":        {args: []string{"--start-timeout=0s"}, code: statusUsage, says: []string{"--start-timeout=0s: must be more than 0"}},
		"negative timeout":  {args: []string{"--ready-timeout=-1s"}, code: statusUsage, says: []string{"--ready-timeout=-1s: must not be less than 0"}},
		"odd size":          {args: []string{"watch", "--buffer-size=100KiB"}, code: statusUsage, says: []string{"--buffer-size=100KiB: must be a power of two from 64KiB to 1GiB"}},
		"path of a runtime": {args: []string{"--runtime.name=/usr/bin/tank"}, code: statusUsage, says: []string{"--runtime.name=/usr/bin/tank: must be the name of an executable without a directory"}},
		"no name of a shim": {args: []string{"watch", "--shim.name="}, code: statusUsage, says: []string{"--shim.name=: must be the name of an executable without a directory"}},
		"too many runtimes": {args: slices.Repeat([]string{"--runtime.name=tank"}, 65), code: statusUsage, says: []string{"--runtime.name=tank: may be given at most 64 times"}},
		"size in what":      {args: []string{"--buffer-size=3"}, code: statusUsage, says: []string{"--buffer-size=3: give a unit, for example 4MiB"}},
		"unknown mechanism": {args: []string{"--probe.mechanism=magic", "check"}, code: statusUsage, says: []string{"--probe.mechanism=magic: must be one of auto, fentry, kprobe, tracepoint"}},
		"misspelt flag":     {args: []string{"--privilege.keep", "check"}, code: statusUsage, says: []string{"--privilege.keep", "--help"}},
		"value of a switch": {args: []string{"--privileges.keep=bpf", "watch"}, code: statusUsage, says: []string{`unexpected argument "bpf"`}},
		"bad size":          {args: []string{"--buffer-size", "big"}, code: statusUsage, says: []string{"--buffer-size=big: must be a size, for example 4MiB"}},
		"no file":           {args: []string{"replay"}, code: statusUsage, says: []string{"FILE"}},
		"no command to run": {args: []string{"run"}, code: statusUsage, says: []string{"COMMAND"}},
		"missing file":      {args: []string{"replay", "/no/such/file"}, code: statusFailed, says: []string{"/no/such/file", "no such file"}},
		"directory":         {args: []string{"replay", dir}, code: statusFailed, says: []string{"replay " + dir + ": is a directory"}},
		"garbage":           {args: []string{"replay", garbage}, code: statusFailed, says: []string{garbage, "line 3"}},
		"truncated":         {args: []string{"replay", "-"}, stdin: one + `{"time":2,"ki`, code: statusFailed, says: []string{"replay -", "line 2"}},
		"no event":          {args: []string{"replay", "-"}, stdin: "{}\n", code: statusFailed, says: []string{"replay -: line 1: " + notRecording}},
		"starts":            {args: []string{"replay", "-"}, stdin: `{"container_id":"a","kind":"container","begin":"2026-01-01T00:00:00Z"}`, code: statusFailed, says: []string{"replay -: line 1: " + notRecording}},
		"indented":          {args: []string{"replay", "-"}, stdin: "\n{\n  \"time\": 1\n}\n", code: statusFailed, says: []string{"replay -: line 2: " + notRecording}},
		"binary":            {args: []string{"replay", host.Exporter(t)}, code: statusFailed, says: []string{"replay " + host.Exporter(t) + ": line 1: " + notRecording}},
		"long line":         {args: []string{"replay", "-"}, stdin: one + strings.Repeat("x", 1<<21), code: statusFailed, says: []string{"line 2"}},
		"not found":         {args: []string{"run", "--", "no-such-command"}, code: statusNotFound, says: []string{": run: no-such-command: executable file not found in $PATH"}},
		"no such path":      {args: []string{"run", "--", "/nope"}, code: statusNotFound, says: []string{": run: /nope: no such file or directory"}},
		"not executable":    {args: []string{"run", "--", garbage}, code: statusNoExec, says: []string{": run: " + garbage + ": permission denied"}},
	} {
		t.Run(name, func(t *testing.T) {
			expectError(t, invoke(t, tc.stdin, 0, tc.args...), tc.code, tc.says...)
		})
	}
}

func TestNoRoot(t *testing.T) {
	needRoot(t)
	for name, tc := range map[string]struct {
		args []string
		code int
	}{
		"serve":  {[]string{"--web.listen-address=127.0.0.1:0"}, statusFailed},
		"run":    {[]string{"run", "--", "true"}, statusOwnFailure},
		"watch":  {[]string{"watch"}, statusFailed},
		"events": {[]string{"events"}, statusFailed},
	} {
		t.Run(name, func(t *testing.T) {
			expectError(t, invoke(t, "", 65534, tc.args...), tc.code, "root", "CAP_BPF")
		})
	}
	if e := invoke(t, "", 65534, "check"); e.code != statusFailed || !strings.Contains(e.stdout, "privileges  none (user 65534)") {
		t.Errorf("check: %+v", e)
	}
}

func TestServeBadInput(t *testing.T) {
	needRoot(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, tc := range map[string]struct {
		flag string
		says string
	}{
		"port in use":        {"--web.listen-address=" + taken.Addr().String(), "--web.listen-address"},
		"no address":         {"--web.listen-address=nowhere", "nowhere"},
		"missing config":     {"--web.config.file=/no/such/file", "/no/such/file"},
		"path without slash": {"--web.telemetry-path=metrics", "--web.telemetry-path"},
		"reserved path":      {"--web.telemetry-path=/-/ready", "--web.telemetry-path"},
		"unknown log level":  {"--log.level=loud", "loud"},
		"unknown exporter":   {"--log.level=error", "OTEL_TRACES_EXPORTER"},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.says == "OTEL_TRACES_EXPORTER" {
				t.Setenv("OTEL_TRACES_EXPORTER", "carrier-pigeon")
			}
			args := []string{"--log.level=error", tc.flag}
			if !strings.Contains(tc.flag, "listen") {
				args = append(args, "--web.listen-address=127.0.0.1:0")
			}
			if strings.HasPrefix(tc.flag, "--log") {
				args = args[1:]
			}
			expectError(t, invoke(t, "", 0, args...), 0, tc.says)
		})
	}
}

// expectError checks that a command printed one line on standard error and nothing
// else, that the line contains each of says, and that it exited with the status
// code; 0 stands for any status but success.
func expectError(t *testing.T, e result, code int, says ...string) {
	t.Helper()
	if e.code == 0 || code != 0 && e.code != code || e.stdout != "" || strings.Count(e.stderr, "\n") != 1 {
		t.Errorf("want status %d and one line on standard error: %+v", code, e)
	}
	for _, s := range says {
		if !strings.Contains(e.stderr, s) {
			t.Errorf("%q does not contain %q", e.stderr, s)
		}
	}
	if strings.Contains(e.stderr, "\x1b") {
		t.Errorf("control characters are printed: %q", e.stderr)
	}
}

// TestRunStatus checks that the command has the standard streams of run, and run
// exits with its status.
func TestRunStatus(t *testing.T) {
	needRoot(t)
	for script, want := range map[string]struct {
		code   int
		report string // unless a container starts on this host
	}{
		"cat; echo err >&2":  {0, `^err\n\nno container start seen in [\d.]+ m?s\n$`},
		"cat; exit 7":        {7, `^\nno container start seen in [\d.]+ m?s; sh exited with 7\n$`},
		"cat; kill -TERM $$": {statusSignal + 15, `^\nno container start seen in [\d.]+ m?s; sh was killed by SIGTERM\n$`},
	} {
		e := invoke(t, "in", 0, "run", "--", "sh", "-c", script)
		if e.code != want.code || e.stdout != "in" {
			t.Errorf("%s: %+v; want status %d", script, e, want.code)
		}
		if strings.Contains(e.stderr, "no container start seen") && !regexp.MustCompile(want.report).MatchString(e.stderr) {
			t.Errorf("%s: %q; want %s", script, e.stderr, want.report)
		}
	}
	if e := invoke(t, "", 0, "run", "sh", "-c", "echo --format"); e.code != 0 || e.stdout != "--format\n" {
		t.Errorf("without --: %+v", e)
	}
	report := filepath.Join(t.TempDir(), "report")
	if e := invoke(t, "", 0, "run", "-o", report, "--", "sh", "-c", "echo err >&2"); e.stderr != "err\n" {
		t.Errorf("with -o: %+v", e)
	}
	if text, err := os.ReadFile(report); err != nil || len(text) == 0 {
		t.Errorf("report %q: %v", text, err)
	}
}

// TestRunForwardsSignals checks that SIGTERM to run is passed on to the command,
// and that run exits with the command's status.
func TestRunForwardsSignals(t *testing.T) {
	needRoot(t)
	started, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(host.Exporter(t), "run", "--", "sh", "-c", `trap 'exit 9' TERM; echo > "$0"; while :; do sleep 0.05; done`, started.Name())
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if info, err := started.Stat(); err == nil && info.Size() > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the command did not start")
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 9 {
		t.Errorf("status %d; want 9, that of the command", code)
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{nil, {"serve"}, {"run"}, {"watch"}, {"events"}, {"replay"}, {"check"}} {
		e := invoke(t, "", 0, append(args, "--help")...)
		if e.code != 0 || e.stderr != "" {
			t.Errorf("%v: %+v", args, e)
		}
		for l := range strings.Lines(e.stdout) {
			if utf8.RuneCountInString(strings.TrimSpace(l)) > 80 && !strings.Contains(l, "https://") {
				t.Errorf("%v: wider than 80 columns: %s", args, l)
			}
		}
	}
}
