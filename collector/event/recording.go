package event

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MaxLine bounds a line of a recording, in bytes.
const MaxLine = 1 << 20

// Read reads a recording, JSON Lines, and calls handle with each event.
// An error has the number of the line that is not an event.
func Read(r io.Reader, handle func(*Event)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, MaxLine)
	n := 0
	for lines.Scan() {
		n++
		if len(lines.Bytes()) == 0 {
			continue
		}
		e := new(Event)
		if err := json.Unmarshal(lines.Bytes(), e); err != nil {
			return fmt.Errorf("line %d: not an event: %w", n, err)
		}
		if e.Kind == "" {
			return fmt.Errorf("line %d: not an event: it has no kind", n)
		}
		if e.Format > FormatVersion {
			return fmt.Errorf("line %d: format %d is newer than this exporter reads (%d): use a newer exporter", n, e.Format, FormatVersion)
		}
		if err := e.Check(); err != nil {
			return fmt.Errorf("line %d: impossible event: %w", n, err)
		}
		handle(e)
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("line %d: longer than %d bytes", n+1, MaxLine)
	}
	if lines.Err() != nil {
		return fmt.Errorf("line %d: %w", n+1, lines.Err())
	}
	return nil
}
