package bundle

import "time"

// Events wait for a bundle, so that its facts come right behind the execution that they
// belong to. However many bundles are slow, they wait for half of the time at most, and
// for those of containers for a tenth.
const (
	deadline        = 100 * time.Millisecond // for one bundle
	patience        = 5 * deadline           // at once
	patienceHost    = time.Second / 2        // per second, in the host's mount namespace
	patienceForeign = time.Second / 10       // per second, in all others
)

// Parsing large files costs CPU time, about 10 ms for a MiB. Small ones cost less than
// the execution that has them read.
const (
	maxSmall  = 64 << 10 // bytes
	largeMax  = 64 << 20 // bytes of large files, at once
	largeRate = 8 << 20  // bytes of large files per second
)

// allowance is an amount that is spent, and grows again with time up to a limit.
type allowance struct {
	limit, rate float64 // rate is per second
	left        float64
	at          time.Time // of left
}

// now returns what is left.
func (a *allowance) now(t time.Time) float64 {
	a.left = min(a.limit, a.left+t.Sub(a.at).Seconds()*a.rate)
	a.at = t
	return a.left
}

// spend takes an amount. More than what is left has to grow again.
func (a *allowance) spend(amount float64) { a.left -= amount }

// sides are allowances for the host's mount namespace and for all others, so that
// containers spend none of what the host's engines have.
type sides struct{ host, foreign allowance }

func newSides(limit, hostRate, foreignRate float64) sides {
	return sides{
		host:    allowance{limit: limit, rate: hostRate, left: limit},
		foreign: allowance{limit: limit, rate: foreignRate, left: limit},
	}
}

func (s *sides) of(isHost bool) *allowance {
	if isHost {
		return &s.host
	}
	return &s.foreign
}
