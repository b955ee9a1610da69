package bpf

import (
	"encoding/binary"
	"math"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// fold replaces the programs' loads of constants by the values that are set. The
// kernel's verifier knows the values, but its compiled code still loads each of
// them, from a page on which it needs nothing else.
func fold(spec *ebpf.CollectionSpec) {
	constants := map[uint32]*ebpf.VariableSpec{} // by offset
	for _, v := range spec.Variables {
		if v.SectionName == constantsSection {
			constants[v.Offset] = v
		}
	}
	for _, p := range spec.Programs {
		for i := range len(p.Instructions) - 1 {
			address, load := p.Instructions[i], &p.Instructions[i+1]
			if !isAddressOfConstant(address) || load.OpCode.Class() != asm.LdXClass || load.Src != address.Dst || load.Offset != 0 {
				continue
			}
			value, ok := immediate(constants[offsetOf(address)], load.OpCode.Size())
			if !ok {
				continue
			}
			move := asm.Mov.Imm(load.Dst, value)
			move.Metadata = load.Metadata
			*load = move
		}
	}
}

// constantsSection holds the const volatile variables.
const constantsSection = ".rodata"

func isAddressOfConstant(i asm.Instruction) bool {
	return i.IsLoadFromMap() && i.Reference() == constantsSection
}

// offsetOf returns the offset of such an address in its map: the second half of
// the instruction's constant.
func offsetOf(address asm.Instruction) uint32 { return uint32(uint64(address.Constant) >> 32) }

// immediate returns a constant as a number, and whether it fits in an instruction.
func immediate(v *ebpf.VariableSpec, size asm.Size) (int32, bool) {
	if v == nil || len(v.Value) != size.Sizeof() {
		return 0, false
	}
	var padded [8]byte
	copy(padded[:], v.Value)
	n := binary.LittleEndian.Uint64(padded[:])
	return int32(n), n <= math.MaxInt32
}
