package collector

import (
	"net/netip"
	"path"
	"slices"
)

// key is a fact by which an event can be joined to a start without guessing:
// two events with a common key belong to the same start.
type key struct {
	kind  keyKind
	ns    uint32 // the mount or network namespace in which the key is valid
	index int
	text  string
}

type keyKind uint8

const (
	keyPath      keyKind = iota // ns, text: a path in a mount namespace
	keyContainer                // text: a container's id
	keyNetns                    // ns: a network namespace created for one start
	keyInterface                // ns, index: an interface
	keyIfname                   // ns, text: an interface's name
	keyAddress                  // ns, text: an address, as seen from a network namespace
	keyPublished                // ns, text: a protocol and port, published in a network namespace
)

func pathKey(ns uint32, p string) key         { return key{kind: keyPath, ns: ns, text: path.Clean(p)} }
func containerKey(id string) key              { return key{kind: keyContainer, text: id} }
func netnsKey(ns uint32) key                  { return key{kind: keyNetns, ns: ns} }
func interfaceKey(ns uint32, index int) key   { return key{kind: keyInterface, ns: ns, index: index} }
func ifnameKey(ns uint32, name string) key    { return key{kind: keyIfname, ns: ns, text: name} }
func addressKey(ns uint32, a netip.Addr) key  { return key{kind: keyAddress, ns: ns, text: a.String()} }
func publishedKey(ns uint32, port string) key { return key{kind: keyPublished, ns: ns, text: port} }

// waiter is something that is joined to a start by a key.
type waiter interface {
	at() int64     // when it happened: boot time, ns
	join(*attempt) // a start that has not ended owns one of its keys
	expire()       // it is joined to no start
}

// queued is a waiter that was registered before any start owned one of its keys.
type queued struct {
	waiter
	since    int64
	keys     []key
	resolved bool // joined or expired
}

// joiner knows which start owns each key, and holds the waiters.
//
// A start owns a key once one of its events shows the key: the bundle's
// root.path, the network namespace that its init is created in. An event with
// such a key is joined, and may show more keys. A request that moves an interface
// into the start's network namespace makes the start own the interface; this
// joins the notification that names the interface, and that name joins the
// request that created the interface.
type joiner struct {
	owners map[key]ownership
	lists  map[key][]*queued
	queue  []*queued // oldest first
	count  int       // of those in the queue that are not resolved
	// retiredAt is when the object that a key stood for was removed: from then
	// on the key, a name or an inode number, stands for another object.
	retiredAt map[key]int64

	ttl     int64 // how long a waiter waits, ns
	limit   int
	dropped uint64
}

// ownership is the start that owns a key, and the time of the event that showed it.
type ownership struct {
	attempt *attempt
	at      int64
}

// sameGeneration reports whether two uses of a key, at t1 and t2, refer to the
// same object. Inode numbers and interface names are reused: the uses must lie
// both before or both after the removal of the key's object. An interface is
// removed with its network namespace.
func (j *joiner) sameGeneration(k key, t1, t2 int64) bool {
	if k.kind == keyInterface || k.kind == keyIfname {
		if !j.sameGeneration(netnsKey(k.ns), t1, t2) {
			return false
		}
	}
	retired := j.retiredAt[k]
	return retired == 0 || t1 <= retired == (t2 <= retired)
}

// register joins w to the start that owns one of its keys, or lets it wait until
// one does. If too many wait, the oldest expires.
func (j *joiner) register(w waiter, now int64, keys []key) {
	for _, k := range keys {
		if o, ok := j.owners[k]; ok && j.sameGeneration(k, w.at(), o.at) {
			w.join(o.attempt)
			return
		}
	}
	for j.count >= j.limit {
		if !j.queue[0].resolved {
			j.dropped++
		}
		j.pop()
	}
	if len(j.queue) >= 2*j.limit {
		j.compact()
	}
	q := &queued{waiter: w, since: now, keys: keys}
	j.count++
	for _, k := range keys {
		j.lists[k] = append(j.lists[k], q)
	}
	j.queue = append(j.queue, q)
}

// own makes a start the owner of keys that one of its events shows, and joins
// their waiters. The first owner of a key keeps it.
func (j *joiner) own(att *attempt, at int64, keys ...key) {
	for _, k := range keys {
		if att.ended || len(att.keys) >= maxKeys {
			return
		}
		if o, owned := j.owners[k]; owned && j.sameGeneration(k, at, o.at) {
			continue
		}
		j.owners[k] = ownership{att, at}
		att.keys = append(att.keys, k)
		for _, q := range slices.Clone(j.lists[k]) {
			if !q.resolved && j.sameGeneration(k, q.at(), at) {
				j.resolve(q)
				q.join(att)
			}
		}
	}
}

// retire records when the object that a key stands for was removed.
func (j *joiner) retire(k key, at int64) {
	if len(j.retiredAt) >= j.limit {
		clear(j.retiredAt)
	}
	j.retiredAt[k] = at
}

// maxKeys bounds the keys of one start.
const maxKeys = 1024

// release frees the keys of a start that has ended: interfaces, names and
// addresses are reused within seconds.
func (j *joiner) release(att *attempt) {
	for _, k := range att.keys {
		if j.owners[k].attempt == att {
			delete(j.owners, k)
		}
	}
	att.keys = nil
}

// cancel expires the waiters of a key for which undone returns true.
func (j *joiner) cancel(k key, undone func(waiter) bool) {
	for _, q := range j.lists[k] {
		if !q.resolved && undone(q.waiter) {
			j.resolve(q)
			q.expire()
		}
	}
}

// advance expires what has waited for longer than ttl.
func (j *joiner) advance(now int64) {
	for len(j.queue) > 0 && (j.queue[0].resolved || now-j.queue[0].since > j.ttl) {
		j.pop()
	}
}

// pop removes the oldest from the queue, and expires it if it still waits.
// Lists and queue have the same order: what is resolved is removed from the heads
// of the lists, so that nothing stays there for longer than in the queue.
func (j *joiner) pop() {
	q := j.queue[0]
	j.queue[0] = nil
	j.queue = j.queue[1:]
	if !q.resolved {
		j.resolve(q)
		q.expire()
	}
	for _, k := range q.keys {
		list := j.lists[k]
		for len(list) > 0 && list[0].resolved {
			list = list[1:]
		}
		if len(list) == 0 {
			delete(j.lists, k)
		} else {
			j.lists[k] = list
		}
	}
}

// resolve marks q as joined or expired.
func (j *joiner) resolve(q *queued) {
	q.resolved = true
	j.count--
}

// compact removes what is resolved from the queue and from the lists.
func (j *joiner) compact() {
	resolved := func(q *queued) bool { return q.resolved }
	j.queue = slices.DeleteFunc(j.queue, resolved)
	for k, list := range j.lists {
		if list = slices.DeleteFunc(list, resolved); len(list) == 0 {
			delete(j.lists, k)
		} else {
			j.lists[k] = list
		}
	}
}
