package hostile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"

	"container_start_exporter/test/host/report"
)

// stream reads the JSON Lines of the starts that an exporter writes.
type stream struct {
	mu     sync.Mutex
	rest   []byte // of a line that is not whole yet
	starts []report.Start
	err    error // the first line that is not a start
}

// Write reads a part of the output. It never fails.
func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest = append(s.rest, p...)
	for {
		line, rest, whole := bytes.Cut(s.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		s.rest = rest
		var one report.Start
		if err := json.Unmarshal(line, &one); err != nil && s.err == nil {
			s.err = fmt.Errorf("not a line of JSON: %w\n%s", err, line)
		}
		s.starts = append(s.starts, one)
	}
}

// of returns the starts of a container.
func (s *stream) of(id string) (found []report.Start) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.starts {
		if one.ContainerID == id {
			found = append(found, one)
		}
	}
	return found
}

// take returns the starts that were read since the last call.
func (s *stream) take() ([]report.Start, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	starts := s.starts
	s.starts = nil
	return starts, s.err
}
