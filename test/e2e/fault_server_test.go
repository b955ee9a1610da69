package e2e

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// pageTimeout is how long a server may take to read what has happened.
const pageTimeout = 20 * time.Second

// serveFlags starts a server with flags and environment variables, after the words
// in prefix, and waits until its probes are attached.
func serveFlags(t *testing.T, prefix, flags []string, env ...string) *server {
	t.Helper()
	address := host.FreeAddress(t)
	words := append(append([]string{}, prefix...), host.Exporter(t), "serve", "--web.listen-address="+address)
	words = append(words, flags...)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), env...)
	s := &server{&host.Server{Process: host.Start(t, cmd), Address: address, URL: "http://" + address}}
	s.WaitFor(t, 30*time.Second, "200 from /-/ready", func() bool { return host.Answer(s.URL+"/-/ready") != "" })
	return s
}

// waitIdle waits until no start is in progress.
func (s *server) waitIdle(t *testing.T, timeout time.Duration) {
	t.Helper()
	s.WaitFor(t, timeout, "no start in progress", func() bool {
		return s.scrape(t).Sum("container_starts_in_progress", nil) == 0
	})
}
