package collector

// What the starts in progress of the host keep, in bytes, and those of all containers;
// and of one container. A start that finds no room goes on without, and says so in
// Degraded.
const (
	maxKept       = 32 << 20
	maxAllNested  = 16 << 20
	maxKeptNested = 4 << 20
)

// budget is an amount of bytes, which may be part of a larger one.
type budget struct {
	limit, used int
	within      *budget // nil: none
}

// take uses up an amount; false if that is not left.
func (b *budget) take(n int) bool {
	for one := b; one != nil; one = one.within {
		if one.used+n > one.limit {
			return false
		}
	}
	b.add(n)
	return true
}

// giveBack returns an amount that was taken.
func (b *budget) giveBack(n int) { b.add(-n) }

func (b *budget) add(n int) {
	for one := b; one != nil; one = one.within {
		one.used += n
	}
}

// share is what one start has taken of the budget of its origin.
type share struct {
	of    *budget
	taken int
}

// keep reports whether the start may keep so many more bytes. Without a budget it may.
func (s *share) keep(n int) bool {
	if s == nil || s.of == nil {
		return true
	}
	if !s.of.take(n) {
		return false
	}
	s.taken += n
	return true
}

// size returns how much was taken.
func (s *share) size() int {
	if s == nil {
		return 0
	}
	return s.taken
}

// giveBack returns all that was taken.
func (s *share) giveBack() {
	if s != nil && s.of != nil {
		s.of.giveBack(s.taken)
		s.taken = 0
	}
}
