package collector

import (
	"slices"
	"testing"
)

// fakeWaiter is a waiter that logs whether it was joined or expired.
type fakeWaiter struct {
	name string
	when int64
	log  *[]string
}

func (f fakeWaiter) at() int64         { return f.when }
func (f fakeWaiter) join(att *attempt) { *f.log = append(*f.log, f.name+" joined "+att.id) }
func (f fakeWaiter) expire()           { *f.log = append(*f.log, f.name+" expired") }

func newJoiner(limit int) *joiner {
	return &joiner{
		owners: make(map[key]ownership), lists: make(map[key][]*queued), retiredAt: make(map[key]int64),
		ttl: 100, limit: limit,
	}
}

func TestJoiner(t *testing.T) {
	name, index := ifnameKey(1, "veth0"), interfaceKey(1, 7)
	one, two := &attempt{id: "one"}, &attempt{id: "two"}
	for title, test := range map[string]struct {
		do   func(j *joiner, register func(name string, at int64, keys ...key))
		want []string
	}{
		"owned before": {func(j *joiner, register func(string, int64, ...key)) {
			j.own(one, 1, name)
			register("a", 2, index, name)
		}, []string{"a joined one"}},
		"owned later": {func(j *joiner, register func(string, int64, ...key)) {
			register("a", 1, name, index)
			register("b", 2, index)
			j.own(one, 3, index)
			j.own(one, 3, name)
		}, []string{"a joined one", "b joined one"}},
		"owned too late": {func(j *joiner, register func(string, int64, ...key)) {
			register("a", 1, name)
			j.advance(102)
			j.own(one, 103, name)
		}, []string{"a expired"}},
		"a start that has ended loses its keys": {func(j *joiner, register func(string, int64, ...key)) {
			j.own(one, 1, name)
			j.release(one)
			register("a", 2, name)
			j.own(two, 3, name)
		}, []string{"a joined two"}},
		"the first owner keeps a key": {func(j *joiner, register func(string, int64, ...key)) {
			j.own(one, 1, name)
			j.own(two, 2, name)
			register("a", 3, name)
		}, []string{"a joined one"}},
		"a reused name": {func(j *joiner, register func(string, int64, ...key)) {
			register("old", 1, name)
			j.retire(name, 2)
			register("new", 3, name)
			j.own(two, 4, name)
			register("late and old", 1, name)
		}, []string{"new joined two"}},
		"a reused inode number of a namespace": {func(j *joiner, register func(string, int64, ...key)) {
			register("old", 1, index)
			j.retire(netnsKey(1), 2)
			register("new", 3, index)
			j.own(two, 4, index)
		}, []string{"new joined two"}},
		"a key that a start owned for a removed object": {func(j *joiner, register func(string, int64, ...key)) {
			j.own(one, 1, name)
			j.retire(name, 2)
			j.own(two, 3, name)
			j.release(one)
			register("a", 4, name)
		}, []string{"a joined two"}},
		"undone": {func(j *joiner, register func(string, int64, ...key)) {
			register("a", 1, name)
			j.cancel(name, func(waiter) bool { return true })
			j.own(one, 2, name)
		}, []string{"a expired"}},
	} {
		var log []string
		j := newJoiner(100)
		test.do(j, func(name string, at int64, keys ...key) { j.register(fakeWaiter{name, at, &log}, at, keys) })
		if !slices.Equal(log, test.want) {
			t.Errorf("%s: %q, want %q", title, log, test.want)
		}
		one.keys, two.keys = nil, nil
	}
}

// TestJoinerBounds fills the joiner: the oldest waiters expire, and none stays.
func TestJoinerBounds(t *testing.T) {
	var log []string
	j := newJoiner(10)
	for i := range 1000 {
		j.register(fakeWaiter{"a", int64(i), &log}, int64(i), []key{interfaceKey(1, i%7), ifnameKey(1, "x")})
	}
	if len(log) != 990 || j.dropped == 0 || len(j.queue) != 10 {
		t.Errorf("%d expired, %d dropped, %d wait", len(log), j.dropped, len(j.queue))
	}
	for i := range 1000 { // joined at once: resolved, and not counted against the limit
		one := &attempt{id: "one"}
		j.register(fakeWaiter{"b", int64(i), &log}, int64(i), []key{interfaceKey(2, i)})
		j.own(one, int64(i), interfaceKey(2, i))
		j.release(one)
	}
	if len(j.queue) > 2*j.limit+1 {
		t.Errorf("%d in the queue", len(j.queue))
	}
	waiting := j.count
	log = log[:0]
	j.advance(1 << 40)
	if len(log) != waiting || len(j.queue) != 0 || len(j.lists) != 0 {
		t.Errorf("%d expired, %d wait, in %d lists", len(log), len(j.queue), len(j.lists))
	}
}
