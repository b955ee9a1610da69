package join

import (
	"slices"
	"time"
)

// MaxKeys bounds the keys of one owner; what exceeds them it does not own.
const MaxKeys = 1024

// MaxWaiters bounds the waiters that wait for one key: the oldest gives way.
const MaxWaiters = 1024

// Owner is what can own keys. One that has ended owns nothing more.
type Owner interface {
	comparable
	Ended() bool
}

// Waiter is something that happened and is to be joined. Exactly one of Resolve
// and Expire is called, once, from within a method of the table.
type Waiter[O Owner] interface {
	// At is when it happened, in nanoseconds of the boot clock.
	At() int64
	// Resolve is called when one of its keys has an owner, which has not ended.
	Resolve(O)
	// Expire is called when nobody came to own its keys in time, when it gave
	// way to others, or when it was cancelled.
	Expire()
}

// Table knows the owner of each key, and holds back what waits for an owner. It
// is not safe for concurrent use.
type Table[O Owner] struct {
	owners map[Key]ownership[O]
	owned  map[O][]Key
	lists  map[Key][]*deferred[O] // in the order of the queue
	queue  []*deferred[O]         // oldest first
	count  int                    // of those in the queue that are not resolved

	retired generations
	ttl     int64 // ns
	limit   int
	evicted uint64
}

// ownership is who owns a key, and when that showed.
type ownership[O Owner] struct {
	owner O
	at    int64
}

// deferred is a waiter whose keys nobody owns yet.
type deferred[O Owner] struct {
	Waiter[O]
	since    int64
	keys     []Key
	resolved bool
}

// New makes a table in which at most limit waiters wait, each for at most ttl.
func New[O Owner](ttl time.Duration, limit int) *Table[O] {
	return &Table[O]{
		owners: make(map[Key]ownership[O]), owned: make(map[O][]Key),
		lists: make(map[Key][]*deferred[O]), retired: newGenerations(limit),
		ttl: int64(ttl), limit: limit,
	}
}

// Wait resolves w at once if one of its keys has an owner. Else w waits, from the
// boot time now on, until one of them has.
func (t *Table[O]) Wait(w Waiter[O], now int64, keys []Key) {
	for _, k := range keys {
		if o, ok := t.owners[k]; ok && t.retired.same(k, w.At(), o.at) {
			w.Resolve(o.owner)
			return
		}
	}
	for t.count >= t.limit {
		t.Evict()
	}
	if len(t.queue) >= 2*t.limit {
		t.compact()
	}
	d := &deferred[O]{Waiter: w, since: now, keys: keys}
	t.count++
	for _, k := range keys {
		list := t.lists[k]
		if len(list) >= MaxWaiters {
			t.giveWay(list[0])
			list = list[1:]
		}
		t.lists[k] = append(list, d)
	}
	t.queue = append(t.queue, d)
}

// Own makes keys the owner's, because of what happened at a boot time, and
// resolves what waited for them. A key that another owns stays the other's,
// unless it was retired in between.
func (t *Table[O]) Own(owner O, at int64, keys ...Key) {
	for _, k := range keys {
		if owner.Ended() || len(t.owned[owner]) >= MaxKeys {
			return
		}
		if o, taken := t.owners[k]; taken && t.retired.same(k, at, o.at) {
			continue
		}
		t.owners[k] = ownership[O]{owner, at}
		t.owned[owner] = append(t.owned[owner], k)
		matched := t.take(k, func(d *deferred[O]) bool { return t.retired.same(k, d.At(), at) })
		t.settleAll(matched, func(d *deferred[O]) { d.Resolve(owner) })
	}
}

// Owns reports whether the owner has come to own a key.
func (t *Table[O]) Owns(owner O, k Key) bool { return slices.Contains(t.owned[owner], k) }

// Disown takes one key from an owner, if it owns that.
func (t *Table[O]) Disown(owner O, k Key) {
	i := slices.Index(t.owned[owner], k)
	if i < 0 {
		return
	}
	t.owned[owner] = slices.Delete(t.owned[owner], i, i+1)
	if t.owners[k].owner == owner {
		delete(t.owners, k)
	}
}

// Release takes all keys from an owner: interfaces, names and addresses are used
// again within seconds.
func (t *Table[O]) Release(owner O) {
	for _, k := range t.owned[owner] {
		if t.owners[k].owner == owner {
			delete(t.owners, k)
		}
	}
	delete(t.owned, owner)
}

// Retire records that what a key stood for ended at a boot time: from then on the
// key stands for something else.
func (t *Table[O]) Retire(k Key, at int64) { t.retired.add(k, at) }

// WaitingFor returns those that wait for a key, the one that came first in front.
func (t *Table[O]) WaitingFor(k Key) (waiting []Waiter[O]) {
	for _, d := range t.lists[k] {
		if !d.resolved {
			waiting = append(waiting, d.Waiter)
		}
	}
	return waiting
}

// Cancel expires the waiters with that key for which undone returns true.
func (t *Table[O]) Cancel(k Key, undone func(Waiter[O]) bool) {
	matched := t.take(k, func(d *deferred[O]) bool { return undone(d.Waiter) })
	t.settleAll(matched, func(d *deferred[O]) { d.Expire() })
}

// take removes from the list of a key the waiters that match, which it returns, and
// those that are resolved: none is looked at again because of this key.
func (t *Table[O]) take(k Key, match func(*deferred[O]) bool) (matched []*deferred[O]) {
	list := t.lists[k]
	kept := list[:0]
	for _, d := range list {
		switch {
		case d.resolved:
		case match(d):
			matched = append(matched, d)
		default:
			kept = append(kept, d)
		}
	}
	clear(list[len(kept):])
	t.setList(k, kept)
	return matched
}

// settleAll ends waiters. To end one may resolve another.
func (t *Table[O]) settleAll(all []*deferred[O], end func(*deferred[O])) {
	for _, d := range all {
		if !d.resolved {
			t.settle(d)
			end(d)
		}
	}
}

// giveWay ends a waiter before its time, if it still waits.
func (t *Table[O]) giveWay(d *deferred[O]) {
	if !d.resolved {
		t.settle(d)
		t.evicted++
		d.Expire()
	}
}

// Advance lets time pass up to a boot time: what has waited for too long expires.
func (t *Table[O]) Advance(now int64) {
	for len(t.queue) > 0 && (t.queue[0].resolved || now-t.queue[0].since > t.ttl) {
		t.pop()
	}
}

// Evict lets the oldest waiter give way, if there is one.
func (t *Table[O]) Evict() {
	for len(t.queue) > 0 {
		waited := !t.queue[0].resolved
		t.pop()
		if waited {
			t.evicted++
			return
		}
	}
}

// Evicted is how many waiters gave way to others before their time.
func (t *Table[O]) Evicted() uint64 { return t.evicted }

// Waiting is how many waiters wait.
func (t *Table[O]) Waiting() int { return t.count }

// pop removes the oldest from the queue, and expires it if it still waits. Lists
// and queue have one order: resolved waiters are dropped from the heads of the
// lists, so that none stays there for longer than in the queue.
func (t *Table[O]) pop() {
	d := t.queue[0]
	t.queue[0] = nil
	t.queue = t.queue[1:]
	if !d.resolved {
		t.settle(d)
		d.Expire()
	}
	for _, k := range d.keys {
		list := t.lists[k]
		for len(list) > 0 && list[0].resolved {
			list = list[1:]
		}
		t.setList(k, list)
	}
}

func (t *Table[O]) settle(d *deferred[O]) {
	d.resolved = true
	t.count--
}

// compact drops what is resolved from the queue and from the lists.
func (t *Table[O]) compact() {
	resolved := func(d *deferred[O]) bool { return d.resolved }
	t.queue = slices.DeleteFunc(t.queue, resolved)
	for k, list := range t.lists {
		t.setList(k, slices.DeleteFunc(list, resolved))
	}
}

func (t *Table[O]) setList(k Key, list []*deferred[O]) {
	if len(list) == 0 {
		delete(t.lists, k)
		return
	}
	t.lists[k] = list
}
