package collector

import "time"

// Config bounds an Assembler. Zero values mean the defaults.
type Config struct {
	// StartTimeout ends a start that neither ends nor fails as incomplete.
	StartTimeout time.Duration
}

// Assembler turns events into starts. It is not safe for concurrent use.
type Assembler struct {
	observer Observer
}

// New makes an assembler that tells o what it finds.
func New(c Config, o Observer) *Assembler { return &Assembler{observer: o} }

// Handle takes the next event, which the assembler may keep. The time of the
// newest event is its clock: a KindClock event lets it pass when nothing else
// happens.
func (a *Assembler) Handle(e *Event) {}

// Close ends every start that is in progress as incomplete: no event follows.
func (a *Assembler) Close() {}

// Stats returns the counters so far.
func (a *Assembler) Stats() Stats { return Stats{} }
