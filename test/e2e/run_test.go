package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// runUnder runs a docker command under the exporter's command run.
func runUnder(t *testing.T, d *docker, options []string, args ...string) result {
	t.Helper()
	cmd := exporterCmd(t, append(append([]string{"run"}, options...), append([]string{"--", d.Client}, args...)...)...)
	cmd.Env = append(os.Environ(), d.Env()...)
	return execute(t, cmd)
}

// TestRun checks that run reports on standard error and does not change the
// command's output.
func TestRun(t *testing.T) {
	d := needDocker(t)
	r := runUnder(t, d, nil, "run", "--rm", image, "echo", "hi")
	if r.code != 0 || r.stdout != "hi\n" {
		t.Errorf("want exit code 0 and hi: %v", r)
	}
	for _, name := range append([]string{"docker", "runc"}, dockerPhases...) {
		if !strings.Contains(r.stderr, name) {
			t.Errorf("the waterfall does not mention %q:\n%s", name, r.stderr)
		}
	}
	for line := range strings.Lines(r.stderr) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if strings.Contains(r.stderr, "\x1b") {
		t.Errorf("colour without a terminal:\n%q", r.stderr)
	}
}

// TestRunStatus checks that run exits with the command's status.
func TestRunStatus(t *testing.T) {
	d := needDocker(t)
	r := runUnder(t, d, nil, "run", "--rm", image, "sh", "-c", "echo out; echo err >&2; exit 7")
	if r.code != 7 || r.stdout != "out\n" || !strings.Contains(r.stderr, "err\n") {
		t.Errorf("want exit code 7 and both outputs: %v", r)
	}
}

// TestRunOutput checks that run writes one JSON object per start to a file.
func TestRunOutput(t *testing.T) {
	d := needDocker(t)
	report := filepath.Join(t.TempDir(), "report.json")
	idFile := filepath.Join(t.TempDir(), "id")
	r := runUnder(t, d, []string{"-o", report, "--format", "json"}, "run", "--rm", "--cidfile", idFile, image, "echo", "hi")
	if r.code != 0 || r.stdout != "hi\n" {
		t.Fatalf("want exit code 0 and hi: %v", r)
	}
	if strings.Contains(r.stderr, "container_id") {
		t.Errorf("the report is on standard error too:\n%s", r.stderr)
	}
	id := readFile(t, idFile)
	found := 0
	for _, one := range decodeLines[record](t, readFile(t, report)) {
		if one.ContainerID == id {
			found++
			checkStarted(t, one, "docker", "runc", dockerPhases)
		}
	}
	if found != 1 {
		t.Errorf("%d starts of %s in the report; want 1", found, id)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
