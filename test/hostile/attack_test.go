package hostile

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// attack is an attack in progress.
type attack struct {
	*host.Process
	input io.Closer
	id    string // its container's
}

// attack starts an attack in an unprivileged container, with more options of docker
// run, and waits until it has begun.
func (s *suite) attack(t *testing.T, options []string, words ...string) *attack {
	t.Helper()
	idFile := filepath.Join(t.TempDir(), "id")
	args := append([]string{
		"run", "--rm", "--interactive", "--cidfile", idFile, "--network", "none", "--user", "65534:65534",
		"--tmpfs", "/work:exec,mode=1777", "--volume", host.Build(t, "container_start_exporter/test/hostile/attack") + ":/attack:ro",
	}, options...)
	cmd := s.docker.Cmd(append(append(args, host.Image, "/attack"), words...)...)
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	a := &attack{Process: host.Start(t, cmd), input: input}
	a.WaitFor(t, 40*time.Second, "the attack to begin", func() bool {
		return strings.HasPrefix(a.Stdout.String(), "attacking\n")
	})
	id, err := os.ReadFile(idFile)
	if err != nil {
		t.Fatal(err)
	}
	a.id = string(id)
	s.expect("docker", a.id)
	return a
}

// end ends the attack and returns how often it did what it does.
func (a *attack) end(t *testing.T) int {
	t.Helper()
	if !a.Running() {
		t.Errorf("the attack ended early: %s", a.Stderr.String())
	}
	_ = a.input.Close()
	host.WaitFor(t, time.Minute, "the end of the attack", func() bool { return !a.Running() }, a.Stderr.String)
	last, ok := strings.CutPrefix(a.Stdout.String(), "attacking\ndone ")
	done, err := strconv.Atoi(strings.TrimSpace(last))
	if !ok || err != nil {
		t.Errorf("the attack failed: %q\n%s", a.Stdout.String(), a.Stderr.String())
	}
	return done
}
