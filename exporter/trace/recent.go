package trace

// recentStarts remembers of the latest starts whether the sampler kept their traces.
// A start that it does not know was dropped, or is older: nothing may follow in its
// trace, which would be a part of one.
type recentStarts struct {
	kept map[string]bool // by the id of the root span
	ring [4096]string    // the ids, the oldest at next
	next int
}

func newRecentStarts() *recentStarts { return &recentStarts{kept: make(map[string]bool)} }

// add remembers a start, in the place of the oldest.
func (r *recentStarts) add(spanID string, kept bool) {
	delete(r.kept, r.ring[r.next])
	r.ring[r.next] = spanID
	r.kept[spanID] = kept
	r.next = (r.next + 1) % len(r.ring)
}
