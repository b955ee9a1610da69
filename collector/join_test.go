package collector

import (
	"slices"
	"testing"
)

// claim is a claimant that remembers what became of it.
type claim struct {
	name string
	when int64
	log  *[]string
}

func (c claim) at() int64         { return c.when }
func (c claim) join(att *attempt) { *c.log = append(*c.log, c.name+" joined "+att.id) }
func (c claim) expire()           { *c.log = append(*c.log, c.name+" expired") }

func newJoiner(limit int) *joiner {
	return &joiner{
		owners: make(map[key]ownership), lists: make(map[key][]*waiting), gone: make(map[key]int64),
		patience: 100, limit: limit,
	}
}

func TestJoiner(t *testing.T) {
	name, index := ifnameKey(1, "veth0"), interfaceKey(1, 7)
	one, two := &attempt{id: "one"}, &attempt{id: "two"}
	for title, test := range map[string]struct {
		do   func(j *joiner, offer func(name string, at int64, keys ...key))
		want []string
	}{
		"known at once": {func(j *joiner, offer func(string, int64, ...key)) {
			j.own(one, 1, name)
			offer("a", 2, index, name)
		}, []string{"a joined one"}},
		"known late": {func(j *joiner, offer func(string, int64, ...key)) {
			offer("a", 1, name, index)
			offer("b", 2, index)
			j.own(one, 3, index)
			j.own(one, 3, name)
		}, []string{"a joined one", "b joined one"}},
		"never known": {func(j *joiner, offer func(string, int64, ...key)) {
			offer("a", 1, name)
			j.advance(102)
			j.own(one, 103, name)
		}, []string{"a expired"}},
		"a start that has ended gives up its keys": {func(j *joiner, offer func(string, int64, ...key)) {
			j.own(one, 1, name)
			j.release(one)
			offer("a", 2, name)
			j.own(two, 3, name)
		}, []string{"a joined two"}},
		"the first owner keeps a key": {func(j *joiner, offer func(string, int64, ...key)) {
			j.own(one, 1, name)
			j.own(two, 2, name)
			offer("a", 3, name)
		}, []string{"a joined one"}},
		"a name that is used again": {func(j *joiner, offer func(string, int64, ...key)) {
			offer("old", 1, name)
			j.end(name, 2)
			offer("new", 3, name)
			j.own(two, 4, name)
			offer("late and old", 1, name)
		}, []string{"new joined two"}},
		"a namespace's number that is used again": {func(j *joiner, offer func(string, int64, ...key)) {
			offer("old", 1, index)
			j.end(netnsKey(1), 2)
			offer("new", 3, index)
			j.own(two, 4, index)
		}, []string{"new joined two"}},
		"a key whose owner had it for something that is gone": {func(j *joiner, offer func(string, int64, ...key)) {
			j.own(one, 1, name)
			j.end(name, 2)
			j.own(two, 3, name)
			j.release(one)
			offer("a", 4, name)
		}, []string{"a joined two"}},
		"undone": {func(j *joiner, offer func(string, int64, ...key)) {
			offer("a", 1, name)
			j.cancel(name, func(claimant) bool { return true })
			j.own(one, 2, name)
		}, []string{"a expired"}},
	} {
		var log []string
		j := newJoiner(100)
		test.do(j, func(name string, at int64, keys ...key) { j.offer(claim{name, at, &log}, at, keys) })
		if !slices.Equal(log, test.want) {
			t.Errorf("%s: %q, want %q", title, log, test.want)
		}
		one.keys, two.keys = nil, nil
	}
}

// TestJoinerBounds fills the joiner: the oldest give way, and nothing stays.
func TestJoinerBounds(t *testing.T) {
	var log []string
	j := newJoiner(10)
	for i := range 1000 {
		j.offer(claim{"a", int64(i), &log}, int64(i), []key{interfaceKey(1, i%7), ifnameKey(1, "x")})
	}
	if len(log) != 990 || j.dropped == 0 || len(j.queue) != 10 {
		t.Errorf("%d expired, %d dropped, %d wait", len(log), j.dropped, len(j.queue))
	}
	for i := range 1000 { // joined at once: done, and in nobody's way
		one := &attempt{id: "one"}
		j.offer(claim{"b", int64(i), &log}, int64(i), []key{interfaceKey(2, i)})
		j.own(one, int64(i), interfaceKey(2, i))
		j.release(one)
	}
	if len(j.queue) > 2*j.limit+1 {
		t.Errorf("%d in the queue", len(j.queue))
	}
	wait := j.count
	log = log[:0]
	j.advance(1 << 40)
	if len(log) != wait || len(j.queue) != 0 || len(j.lists) != 0 {
		t.Errorf("%d expired, %d wait, in %d lists", len(log), len(j.queue), len(j.lists))
	}
}
