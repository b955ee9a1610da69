package collector

import (
	"slices"

	"container_start_exporter/collector/join"
)

// claims are the starts in progress that have a container's id, of one origin. A
// command line can claim any id. So a start owns its id, as a key, only once it is
// proven (evidence.go); and an id that several proven starts claim is nobody's until
// one of them has an init: then the runtime has made the container.
type claims map[string][]*attempt

// add adds a start that has an id.
func (c claims) add(att *attempt) { c[att.id] = append(c[att.id], att) }

// remove removes a start that has ended.
func (c claims) remove(att *attempt) {
	left := slices.DeleteFunc(c[att.id], func(other *attempt) bool { return other == att })
	if len(left) == 0 {
		delete(c, att.id)
		return
	}
	c[att.id] = left
}

// owner returns the start that an id belongs to, nil if that is not decided.
func (c claims) owner(id string) *attempt {
	for _, is := range []func(*attempt) bool{(*attempt).hasInit, (*attempt).isProven} {
		owner, n := (*attempt)(nil), 0
		for _, att := range c[id] {
			if is(att) {
				owner = att
				n++
			}
		}
		if n > 0 {
			if n == 1 {
				return owner
			}
			return nil
		}
	}
	return nil
}

// decideID makes the id the key of the start that it belongs to.
func (a *Assembler) decideID(o *origin, id string, at int64) {
	key := join.Container(id)
	owner := o.claims.owner(id)
	for _, att := range o.claims[id] {
		if att != owner {
			o.joins.Disown(att, key)
		}
	}
	if owner != nil && !o.joins.Owns(owner, key) {
		o.joins.Own(owner, at, key)
	}
}
