package collector

import (
	"net/netip"
	"path"
	"slices"
)

// key is something by which an event can be joined to a start without
// guessing. Two events with a key in common belong to the same start.
type key struct {
	kind  keyKind
	ns    uint32 // the namespace in which it means that: a mount or a network namespace
	index int
	text  string
}

type keyKind uint8

const (
	keyPath      keyKind = iota // ns, text: a path in a mount namespace
	keyContainer                // text: a container's id
	keyNetns                    // ns: a network namespace made for one start
	keyInterface                // ns, index: an interface
	keyIfname                   // ns, text: an interface's name
	keyAddress                  // ns, text: an address, as seen from a network namespace
	keyPublished                // ns, text: a protocol and port, published there
)

func pathKey(ns uint32, p string) key         { return key{kind: keyPath, ns: ns, text: path.Clean(p)} }
func containerKey(id string) key              { return key{kind: keyContainer, text: id} }
func netnsKey(ns uint32) key                  { return key{kind: keyNetns, ns: ns} }
func interfaceKey(ns uint32, index int) key   { return key{kind: keyInterface, ns: ns, index: index} }
func ifnameKey(ns uint32, name string) key    { return key{kind: keyIfname, ns: ns, text: name} }
func addressKey(ns uint32, a netip.Addr) key  { return key{kind: keyAddress, ns: ns, text: a.String()} }
func publishedKey(ns uint32, port string) key { return key{kind: keyPublished, ns: ns, text: port} }

// claimant is something that is joined to a start by a key.
type claimant interface {
	at() int64     // when it happened
	join(*attempt) // its key is a start's, which has not ended
	expire()       // no start wants it
}

// waiting is a claimant none of whose keys is a start's yet.
type waiting struct {
	claimant
	since int64
	keys  []key
	done  bool
}

// joiner knows whose each key is, and keeps what waits for its key.
//
// A key becomes a start's own when the start shows it: the bundle's root.path,
// the network namespace that its init is made in. What has such a key is
// joined, and may show more keys: a request that moves an interface into the
// start's network namespace makes the interface the start's, hence the
// notification that names it, hence the request that made it by that name.
type joiner struct {
	owners map[key]ownership
	lists  map[key][]*waiting
	queue  []*waiting // oldest first
	count  int        // of those in the queue that are not done
	// gone is when what a key stood for has ended: from then on the key, a name
	// or an inode's number, stands for something else.
	gone map[key]int64

	patience int64 // how long one waits, ns
	limit    int
	dropped  uint64
}

// ownership is whose a key is, and the moment of what made it so.
type ownership struct {
	attempt *attempt
	at      int64
}

// means says that what happened at a moment and has a key is about the same as
// what made the key somebody's.
func (j *joiner) means(k key, at, owned int64) bool {
	if k.kind == keyInterface || k.kind == keyIfname {
		if !j.means(netnsKey(k.ns), at, owned) {
			return false
		}
	}
	gone := j.gone[k]
	return gone == 0 || at <= gone == (owned <= gone)
}

// offer joins c by its keys, or lets it wait until one of them is somebody's.
func (j *joiner) offer(c claimant, now int64, keys []key) {
	for _, k := range keys {
		if o, ok := j.owners[k]; ok && j.means(k, c.at(), o.at) {
			c.join(o.attempt)
			return
		}
	}
	for j.count >= j.limit {
		if !j.queue[0].done {
			j.dropped++
		}
		j.pop()
	}
	if len(j.queue) >= 2*j.limit {
		j.compact()
	}
	w := &waiting{claimant: c, since: now, keys: keys}
	j.count++
	for _, k := range keys {
		j.lists[k] = append(j.lists[k], w)
	}
	j.queue = append(j.queue, w)
}

// own makes keys a start's, because of what happened at a moment, and joins
// what has waited for them.
func (j *joiner) own(att *attempt, at int64, keys ...key) {
	for _, k := range keys {
		if att.ended || len(att.keys) >= maxKeys {
			return
		}
		if o, taken := j.owners[k]; taken && j.means(k, at, o.at) {
			continue
		}
		j.owners[k] = ownership{att, at}
		att.keys = append(att.keys, k)
		for _, w := range slices.Clone(j.lists[k]) {
			if !w.done && j.means(k, w.at(), at) {
				j.settle(w)
				w.join(att)
			}
		}
	}
}

// end says that what a key stands for has ended.
func (j *joiner) end(k key, at int64) {
	if len(j.gone) >= j.limit {
		clear(j.gone)
	}
	j.gone[k] = at
}

// maxKeys bounds the keys of one start.
const maxKeys = 1024

// release gives up the keys of a start that has ended: interfaces, names and
// addresses are used again within seconds.
func (j *joiner) release(att *attempt) {
	for _, k := range att.keys {
		if j.owners[k].attempt == att {
			delete(j.owners, k)
		}
	}
	att.keys = nil
}

// cancel gives up on those that wait for a key and that undone picks.
func (j *joiner) cancel(k key, undone func(claimant) bool) {
	for _, w := range j.lists[k] {
		if !w.done && undone(w.claimant) {
			j.settle(w)
			w.expire()
		}
	}
}

// advance gives up on what has waited for too long.
func (j *joiner) advance(now int64) {
	for len(j.queue) > 0 && (j.queue[0].done || now-j.queue[0].since > j.patience) {
		j.pop()
	}
}

// pop takes the oldest from the queue, and gives up on it if it still waits.
// Lists and queue have one order: what is done is dropped from the heads of
// the lists, so that nothing stays there for longer than in the queue.
func (j *joiner) pop() {
	w := j.queue[0]
	j.queue[0] = nil
	j.queue = j.queue[1:]
	if !w.done {
		j.settle(w)
		w.expire()
	}
	for _, k := range w.keys {
		list := j.lists[k]
		for len(list) > 0 && list[0].done {
			list = list[1:]
		}
		if len(list) == 0 {
			delete(j.lists, k)
		} else {
			j.lists[k] = list
		}
	}
}

func (j *joiner) settle(w *waiting) {
	w.done = true
	j.count--
}

// compact drops from the queue and from the lists what is done.
func (j *joiner) compact() {
	done := func(w *waiting) bool { return w.done }
	j.queue = slices.DeleteFunc(j.queue, done)
	for k, list := range j.lists {
		if list = slices.DeleteFunc(list, done); len(list) == 0 {
			delete(j.lists, k)
		} else {
			j.lists[k] = list
		}
	}
}
