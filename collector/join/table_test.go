package join

import (
	"fmt"
	"slices"
	"testing"
)

// start is an owner for the tests.
type start struct {
	name  string
	ended bool
}

func (s *start) Ended() bool { return s.ended }

// waiter logs what became of it.
type waiter struct {
	name string
	at   int64
	log  *[]string
}

func (w waiter) At() int64        { return w.at }
func (w waiter) Resolve(s *start) { *w.log = append(*w.log, w.name+" joined "+s.name) }
func (w waiter) Expire()          { *w.log = append(*w.log, w.name+" expired") }

func TestTable(t *testing.T) {
	name, index := Ifname(1, "veth0"), Interface(1, 7)
	type table = *Table[*start]
	type wait = func(name string, at int64, keys ...Key)
	for title, test := range map[string]struct {
		do   func(t table, wait wait, one, two *start)
		want []string
	}{
		"the owner is known at once": {func(t table, wait wait, one, _ *start) {
			t.Own(one, 1, name)
			wait("a", 2, index, name)
		}, []string{"a joined one"}},
		"the owner is known late": {func(t table, wait wait, one, _ *start) {
			wait("a", 1, name, index)
			wait("b", 2, index)
			t.Own(one, 3, index)
			t.Own(one, 3, name)
		}, []string{"a joined one", "b joined one"}},
		"the owner is never known": {func(t table, wait wait, one, _ *start) {
			wait("a", 1, name)
			t.Advance(101)
			t.Advance(102)
			t.Own(one, 103, name)
		}, []string{"a expired"}},
		"an owner that is released owns nothing": {func(t table, wait wait, one, two *start) {
			t.Own(one, 1, name)
			t.Release(one)
			wait("a", 2, name)
			t.Own(two, 3, name)
		}, []string{"a joined two"}},
		"an owner that has ended comes to own nothing": {func(t table, wait wait, one, two *start) {
			one.ended = true
			t.Own(one, 1, name)
			wait("a", 2, name)
			t.Own(two, 3, name)
		}, []string{"a joined two"}},
		"the first owner keeps a key": {func(t table, wait wait, one, two *start) {
			t.Own(one, 1, name)
			t.Own(two, 2, name)
			wait("a", 3, name)
		}, []string{"a joined one"}},
		"a name that is used again": {func(t table, wait wait, _, two *start) {
			wait("old", 1, name)
			t.Retire(name, 2)
			wait("new", 3, name)
			t.Own(two, 4, name)
			wait("late and old", 1, name)
		}, []string{"new joined two"}},
		"an inode number that is used again": {func(t table, wait wait, _, two *start) {
			wait("old", 1, index)
			t.Retire(Netns(1), 2)
			wait("new", 3, index)
			t.Own(two, 4, index)
		}, []string{"new joined two"}},
		"a key whose owner had the generation before": {func(t table, wait wait, one, two *start) {
			t.Own(one, 1, name)
			t.Retire(name, 2)
			t.Own(two, 3, name)
			t.Release(one)
			wait("a", 4, name)
		}, []string{"a joined two"}},
		"what happened was undone": {func(t table, wait wait, one, _ *start) {
			wait("a", 1, name)
			wait("b", 1, name)
			t.Cancel(name, func(w Waiter[*start]) bool { return w.(waiter).name == "a" })
			t.Own(one, 2, name)
		}, []string{"a expired", "b joined one"}},
		"a path in two mount namespaces": {func(t table, wait wait, one, two *start) {
			wait("a", 1, Path(1, "/m/"))
			wait("b", 1, Path(2, "/m"))
			t.Own(one, 2, Path(1, "/m"))
			t.Own(two, 3, Path(2, "/x/../m"))
		}, []string{"a joined one", "b joined two"}},
	} {
		var log []string
		table := New[*start](100, 100)
		wait := func(name string, at int64, keys ...Key) { table.Wait(waiter{name, at, &log}, at, keys) }
		test.do(table, wait, &start{name: "one"}, &start{name: "two"})
		if !slices.Equal(log, test.want) {
			t.Errorf("%s: %q, want %q", title, log, test.want)
		}
	}
}

// TestOwns asks for keys that are owned, are another's or were released.
func TestOwns(t *testing.T) {
	table := New[*start](100, 100)
	one, two := &start{name: "one"}, &start{name: "two"}
	table.Own(one, 1, Netns(1))
	table.Own(two, 1, Netns(1), Netns(2))
	if !table.Owns(one, Netns(1)) || table.Owns(two, Netns(1)) || !table.Owns(two, Netns(2)) {
		t.Error("a key is its first owner's, and nobody else's")
	}
	table.Release(one)
	if table.Owns(one, Netns(1)) {
		t.Error("a released key is still owned")
	}
	for i := range 2 * MaxKeys {
		table.Own(two, 1, Netns(uint32(10+i)))
	}
	if n := len(table.owned[two]); n != MaxKeys {
		t.Errorf("an owner has %d keys, of at most %d", n, MaxKeys)
	}
}

// TestBounds fills the table: the oldest give way, and nothing stays behind.
func TestBounds(t *testing.T) {
	var log []string
	table := New[*start](100, 10)
	for i := range 1000 {
		table.Wait(waiter{"a", int64(i), &log}, int64(i), []Key{Interface(1, i%7), Ifname(1, "x")})
	}
	if len(log) != 990 || table.Evicted() == 0 || table.Waiting() != 10 {
		t.Errorf("%d expired, %d evicted, %d wait", len(log), table.Evicted(), table.Waiting())
	}
	for i := range 1000 { // resolved at once: in nobody's way
		one := &start{name: "one"}
		table.Wait(waiter{"b", int64(i), &log}, int64(i), []Key{Interface(2, i)})
		table.Own(one, int64(i), Interface(2, i))
		table.Release(one)
	}
	if len(table.queue) > 2*table.limit+1 {
		t.Errorf("%d in the queue", len(table.queue))
	}
	wait := table.Waiting()
	log = log[:0]
	table.Advance(1 << 40)
	if len(log) != wait || len(table.queue) != 0 || len(table.lists) != 0 || len(table.owners) != 0 || len(table.owned) != 0 {
		t.Errorf("%d expired of %d; %d in the queue, %d lists, %d owners", len(log), wait, len(table.queue), len(table.lists), len(table.owners))
	}
}

// TestGenerationsAreRemembered retires many keys: the latest are remembered, and
// memory is bounded.
func TestGenerationsAreRemembered(t *testing.T) {
	g := newGenerations(10)
	for i := range 1000 {
		g.add(Netns(uint32(i)), 5)
		for back := range min(i, 9) + 1 {
			if g.same(Netns(uint32(i-back)), 4, 6) {
				t.Fatalf("after %d retirements the one %d before is forgotten", i+1, back)
			}
		}
	}
	if n := len(g.recent) + len(g.older); n > 20 {
		t.Errorf("%d keys are remembered", n)
	}
}

// BenchmarkLateJoin holds back an event with two keys and joins it, as a rootfs
// mount is.
func BenchmarkLateJoin(b *testing.B) {
	var log []string
	table := New[*start](1<<40, 1000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s := &start{}
		k := Path(1, fmt.Sprint("/m", i%8))
		table.Wait(waiter{"a", 1, &log}, 1, []Key{k, Container("x")})
		table.Own(s, 2, k)
		table.Release(s)
		log = log[:0]
	}
}
