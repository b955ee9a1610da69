package join

import (
	"runtime"
	"testing"
)

// steps counts what a table does with waiters. Allocation does not show it.
type steps int

// counting is a waiter that counts each look at it.
type counting struct {
	at    int64
	steps *steps
}

func (c counting) At() int64 {
	*c.steps++
	return c.at
}
func (c counting) Resolve(*start) { *c.steps++ }
func (c counting) Expire()        { *c.steps++ }

// patterns are calls that hostile processes can cause, as often as they like.
var patterns = map[string]func(t *Table[*start], i int64, s *steps){
	"each waits and is joined": func(t *Table[*start], i int64, s *steps) {
		k := Path(1, "/a")
		t.Wait(counting{i, s}, i, []Key{k, Ifname(1, "x")})
		own(t, i, k)
	},
	"each waits in vain": func(t *Table[*start], i int64, s *steps) {
		t.Wait(counting{i, s}, i, []Key{Path(1, "/a"), Interface(1, int(i))})
		t.Advance(i - 100)
	},
	"each waits and is cancelled, behind one that waits": func(t *Table[*start], i int64, s *steps) {
		t.Wait(counting{i, s}, i, []Key{Path(1, "/a")})
		t.Cancel(Path(1, "/a"), func(Waiter[*start]) bool { return true })
	},
	"each waits and is joined by another key, behind one that waits": func(t *Table[*start], i int64, s *steps) {
		t.Wait(counting{i, s}, i, []Key{Path(1, "/a"), Interface(1, int(i))})
		own(t, i, Interface(1, int(i)))
		own(t, i, Path(1, "/b"))
	},
	"a cancellation of what others wait for": func(t *Table[*start], i int64, s *steps) {
		t.Wait(counting{i, s}, i, []Key{Path(1, "/a")})
		t.Cancel(Path(1, "/a"), func(Waiter[*start]) bool { *s++; return false })
	},
	"a key that is retired before it is owned": func(t *Table[*start], i int64, s *steps) {
		t.Wait(counting{2 * i, s}, 2*i, []Key{Ifname(1, "x")})
		t.Retire(Ifname(1, "x"), 2*i)
		own(t, 2*i+1, Ifname(1, "x"))
	},
}

// own gives a key to an owner that ends at once.
func own(t *Table[*start], at int64, k Key) {
	one := &start{name: "one"}
	t.Own(one, at, k)
	t.Release(one)
}

// TestWork does each pattern so many times, and twice as often: the table looks at about
// twice as many waiters, and allocates about twice as much.
func TestWork(t *testing.T) {
	const times = 4000
	for name, pattern := range patterns {
		t.Run(name, func(t *testing.T) {
			looks, bytes := work(pattern, times)
			looksTwice, bytesTwice := work(pattern, 2*times)
			t.Logf("%d looks at waiters, %d bytes; %d and %d for twice as much", looks, bytes, looksTwice, bytesTwice)
			if looksTwice > looks*5/2 {
				t.Errorf("%d looks at waiters, but %d for twice as much", looks, looksTwice)
			}
			if bytesTwice > bytes*5/2+4096 {
				t.Errorf("%d bytes are allocated, but %d for twice as much", bytes, bytesTwice)
			}
		})
	}
}

// work does a pattern many times, behind a waiter that nobody joins, and returns how often
// the table has looked at a waiter and how much it has allocated.
func work(pattern func(*Table[*start], int64, *steps), times int64) (looks steps, bytes uint64) {
	table := New[*start](1<<40, 1<<15)
	var ignored steps
	table.Wait(counting{1, &ignored}, 1, []Key{Path(2, "/pin")})
	before := allocated()
	for i := range times {
		pattern(table, i+2, &looks)
	}
	return looks, allocated() - before
}

// allocated returns the bytes that were ever allocated.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}
