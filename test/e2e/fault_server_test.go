package e2e

import (
	"testing"
	"time"
)

// pageTimeout is how long a server may take to read what has happened.
const pageTimeout = 20 * time.Second

// waitIdle waits until no start is in progress.
func (s *server) waitIdle(t *testing.T, timeout time.Duration) {
	t.Helper()
	s.WaitFor(t, timeout, "no start in progress", func() bool {
		return s.scrape(t).Sum("container_starts_in_progress", nil) == 0
	})
}
