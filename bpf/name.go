package bpf

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
)

// nameKey is the name of an executable as in the programs: padded with at least
// one zero.
type nameKey [len(probesName{}.Text)]byte

func keyOf(name string) (key nameKey, err error) {
	if name == "" || len(name) >= len(key) {
		return key, fmt.Errorf("name of an executable %q: must have 1 to %d bytes", name, len(key)-1)
	}
	copy(key[:], name)
	return key, nil
}

// comm is the name of a process as in the programs: padded with at least one zero.
type comm [len(probesComm{}.Text)]byte

func commOf(name string) (key comm, err error) {
	if name == "" || len(name) >= len(key) {
		return key, fmt.Errorf("name of an init %q: must have 1 to %d bytes", name, len(key)-1)
	}
	copy(key[:], name)
	return key, nil
}

// nameFilter is a Bloom filter of the watched names: a bit for each hash of a
// name's first eight characters, up to a separator or a digit, as may_match_name in
// c/filter.h computes it. It is the first field of struct filter.
type nameFilter [len(probesFilter{}.NameFilter)]byte

// filterMap is the section of struct filter.
const filterMap = ".data.filter"

func (f *nameFilter) add(key nameKey) {
	first := key[:8]
	if i := slices.IndexFunc(first, func(c byte) bool { return c < 0x40 }); i >= 0 {
		clear(first[i:])
	}
	hash := binary.LittleEndian.Uint64(first) * 0x9e3779b97f4a7c15
	bit := hash >> (64 - bits.Len(uint(len(f)*8-1)))
	f[bit/8] |= 1 << (bit % 8)
}
