package bpf

import (
	"testing"

	"github.com/cilium/ebpf/asm"
)

// TestFold folds the constants of the object: no program loads one any more, and
// each has the value that was set.
func TestFold(t *testing.T) {
	spec, err := loadProbes()
	if err != nil {
		t.Fatal(err)
	}
	const wakeupBytes = 0x12345678
	if err := spec.Variables[probesVarWakeupBytes].Set(uint64(wakeupBytes)); err != nil {
		t.Fatal(err)
	}
	if err := spec.Variables[probesVarTwinFentry].Set(true); err != nil {
		t.Fatal(err)
	}
	loads := func() (n int) {
		for _, p := range spec.Programs {
			addresses := map[asm.Register]bool{} // whether a register holds a constant's address
			for _, i := range p.Instructions {
				if i.OpCode.Class() == asm.LdXClass && addresses[i.Src] {
					n++
				}
				addresses[i.Dst] = isAddressOfConstant(i)
			}
		}
		return n
	}
	if loads() == 0 {
		t.Fatal("no program loads a constant before folding")
	}
	fold(spec)
	if n := loads(); n != 0 {
		t.Errorf("%d loads of constants are left", n)
	}
	values := map[uint32]map[int64]int{} // by offset
	for _, p := range spec.Programs {
		for i, at := range p.Instructions {
			if !isAddressOfConstant(at) || p.Instructions[i+1].OpCode.ALUOp() != asm.Mov || p.Instructions[i+1].OpCode.Source() != asm.ImmSource {
				continue
			}
			if values[offsetOf(at)] == nil {
				values[offsetOf(at)] = map[int64]int{}
			}
			values[offsetOf(at)][p.Instructions[i+1].Constant]++
		}
	}
	for name, want := range map[string]int64{probesVarWakeupBytes: wakeupBytes, probesVarTwinFentry: 1, probesVarTwinTracepoints: 0} {
		if got := values[spec.Variables[name].Offset]; len(got) != 1 || got[want] == 0 {
			t.Errorf("%s is folded to %v, want only %d", name, got, want)
		}
	}
}
