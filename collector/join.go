package collector

import "path"

// key is something by which an event can be joined to a start without
// guessing. Two events with a key in common belong to the same start.
type key struct {
	kind  keyKind
	ns    uint32 // the network namespace of an interface
	index int
	text  string
}

type keyKind uint8

const (
	keyPath      keyKind = iota // text: a path in the host's mount namespace
	keyContainer                // text: a container's id
	keyNetns                    // ns: a network namespace made for one start
	keyInterface                // ns, index: an interface
	keyIfname                   // ns, text: an interface's name
)

func pathKey(p string) key                  { return key{kind: keyPath, text: path.Clean(p)} }
func containerKey(id string) key            { return key{kind: keyContainer, text: id} }
func netnsKey(ns uint32) key                { return key{kind: keyNetns, ns: ns} }
func interfaceKey(ns uint32, index int) key { return key{kind: keyInterface, ns: ns, index: index} }
func ifnameKey(ns uint32, name string) key  { return key{kind: keyIfname, ns: ns, text: name} }

// waiting is an event whose keys are no start's yet.
type waiting struct {
	event *Event
	keys  []key
	done  bool
}

// joiner knows whose each key is, and keeps the events that wait for theirs.
//
// A key becomes a start's own when the start shows it: the bundle's root.path,
// the network namespace that its init is made in. An event that has such a key
// is joined, and may show more keys: a request that moves an interface into
// the start's network namespace makes the interface the start's, hence the
// notification that names it, hence the request that made it by that name.
type joiner struct {
	owner map[key]*attempt
	lists map[key][]*waiting
	queue []*waiting // oldest first
	count int        // of those in the queue that are not done

	patience int64 // how long an event waits, ns
	limit    int
	dropped  uint64

	// join takes an event for a start that has not ended; expire one that no
	// start wants.
	join   func(*attempt, *Event)
	expire func(*Event)
}

// find is the start that one of the keys belongs to.
func (j *joiner) find(keys []key) *attempt {
	for _, k := range keys {
		if t := j.owner[k]; t != nil {
			return t
		}
	}
	return nil
}

// wait keeps an event until one of its keys is somebody's.
func (j *joiner) wait(e *Event, keys []key) {
	for len(j.queue) >= j.limit {
		if !j.queue[0].done {
			j.dropped++
		}
		j.pop()
	}
	w := &waiting{event: e, keys: keys}
	for _, k := range keys {
		j.lists[k] = append(j.lists[k], w)
	}
	j.queue = append(j.queue, w)
	j.count++
}

// own makes a key a start's and joins what has waited for it.
func (j *joiner) own(t *attempt, k key) {
	if j.owner[k] != nil || t.ended || len(t.keys) >= maxKeys {
		return
	}
	j.owner[k] = t
	t.keys = append(t.keys, k)
	list := j.lists[k]
	delete(j.lists, k)
	for _, w := range list {
		if !w.done {
			j.settle(w)
			j.join(t, w.event)
		}
	}
}

// maxKeys bounds the keys of one start.
const maxKeys = 1024

// release gives up the keys of a start that has ended: interfaces, names and
// addresses are used again within seconds.
func (j *joiner) release(t *attempt) {
	for _, k := range t.keys {
		delete(j.owner, k)
	}
	t.keys = nil
}

// cancel forgets the events of a kind that wait for a key: they were undone.
func (j *joiner) cancel(kind Kind, k key) (cancelled []*Event) {
	for _, w := range j.lists[k] {
		if !w.done && w.event.Kind == kind {
			j.settle(w)
			cancelled = append(cancelled, w.event)
		}
	}
	return cancelled
}

// advance gives up on what has waited for too long.
func (j *joiner) advance(now int64) {
	for len(j.queue) > 0 && (j.queue[0].done || now-j.queue[0].event.Time > j.patience) {
		j.pop()
	}
}

// pop takes the oldest from the queue, and gives up on it if it still waits.
func (j *joiner) pop() {
	w := j.queue[0]
	j.queue[0] = nil
	j.queue = j.queue[1:]
	if !w.done {
		j.settle(w)
		j.expire(w.event)
	}
	j.forget(w)
}

func (j *joiner) settle(w *waiting) {
	w.done = true
	j.count--
}

// forget drops what is done from the heads of the lists that w is in. Lists
// and queue have one order, so that nothing done stays in a list for longer
// than in the queue.
func (j *joiner) forget(w *waiting) {
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
