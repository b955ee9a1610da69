package hostile

import (
	"strings"
	"testing"

	"container_start_exporter/test/host"
)

// withstandClaim starts containers whose ids a forger has claimed since they were
// created: in its own container, it is a shim and a runtime of theirs, with a bundle
// that has the path and the root file system of theirs.
func (s *suite) withstandClaim(t *testing.T) {
	first, _ := s.create(t)
	s.start(t, first)
	reference := s.record(t, first.id)
	first.checkWhole(t, reference)
	before := s.baseline(t)

	for range 2 {
		h, root := s.create(t)
		a := s.attack(t, []string{"--tmpfs", "/run:mode=1777"}, "claim", h.id, root)
		s.start(t, h)
		s.checkSame(t, h, reference)
		t.Run("idle", s.waitIdle)
		a.end(t)
	}
	s.checkRow(t, row{evidence: true}, before, 0)
}

// create creates a container, which is removed at the end of the test, and returns the
// path of its root file system, too.
func (s *suite) create(t *testing.T) (h honest, root string) {
	t.Helper()
	h = honest{name: honestName(), image: host.Image}
	h.id = strings.TrimSpace(host.Must(t, s.docker.Cmd("create", "--name", h.name, h.image, "true")))
	t.Cleanup(func() { host.Must(t, s.docker.Cmd("rm", h.id)) })
	root = host.Must(t, s.docker.Cmd("inspect", "-f", "{{.GraphDriver.Data.MergedDir}}", h.id))
	return h, strings.TrimSpace(root)
}

// start runs a container to its end that was created.
func (s *suite) start(t *testing.T, h honest) {
	t.Helper()
	host.Must(t, s.docker.Cmd("start", "--attach", h.id))
	s.expect("docker", h.id)
}
