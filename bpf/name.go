package bpf

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// nameKey is the name of an executable as the programs have it: padded with
// zeros, of which one is at least at the end.
type nameKey [len(probesName{}.Text)]byte

func keyOf(name string) (key nameKey, err error) {
	if name == "" || len(name) >= len(key) {
		return key, fmt.Errorf("name of an executable %q: must have 1 to %d bytes", name, len(key)-1)
	}
	copy(key[:], name)
	return key, nil
}

// beginnings says for a hash of the first eight characters of a name whether
// there may be such a name, a bit for each: may_match_name in c/filter.h. They are the
// first in the filter.
type beginnings [len(probesFilter{}.NameFilter)]byte

// filterMap is the section that they are in.
const filterMap = ".data.filter"

func (b *beginnings) add(key nameKey) {
	hash := binary.LittleEndian.Uint64(key[:8]) * 0x9e3779b97f4a7c15
	bit := hash >> (64 - bits.Len(uint(len(b)*8-1)))
	b[bit/8] |= 1 << (bit % 8)
}
