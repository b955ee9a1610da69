package bpf

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
)

// TestTax counts the tasks whose system calls take the slow path. A tracepoint of
// any system call sends all calls of all tasks through it.
func TestTax(t *testing.T) {
	w := watch(t, "")
	slow, all := slowTasks(t)
	t.Logf("%d of %d tasks take the slow path of system calls", slow, all)
	if w.usesFunctions() {
		if slow != 0 {
			t.Errorf("%d of %d tasks are slowed", slow, all)
		}
		return
	}
	// with tracepoints there must be some, or the check above could not fail
	if slow == 0 {
		t.Errorf("none of %d tasks is slowed by tracepoints: the test does not see them", all)
	}
}

// slowTasks counts, by its own task iterator, the tasks with the flag
// SYSCALL_WORK_SYSCALL_TRACEPOINT, which was TIF_SYSCALL_TRACEPOINT before 5.11.
func slowTasks(t *testing.T) (slow, all uint64) {
	t.Helper()
	offset, mask := slowFlag(t)
	counts, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer counts.Close()
	count := func(key int64) asm.Instructions {
		return asm.Instructions{
			asm.StoreImm(asm.RFP, -4, key, asm.Word),
			asm.LoadMapPtr(asm.R1, counts.FD()),
			asm.Mov.Reg(asm.R2, asm.RFP),
			asm.Add.Imm(asm.R2, -4),
			asm.FnMapLookupElem.Call(),
			asm.JEq.Imm(asm.R0, 0, "end"),
			asm.LoadMem(asm.R1, asm.R0, 0, asm.DWord),
			asm.Add.Imm(asm.R1, 1),
			asm.StoreMem(asm.R0, 0, asm.R1, asm.DWord),
		}
	}
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type: ebpf.Tracing, AttachType: ebpf.AttachTraceIter, AttachTo: "task", License: "GPL",
		Instructions: slices.Concat(
			asm.Instructions{
				asm.LoadMem(asm.R6, asm.R1, 8, asm.DWord), // the task
				asm.JEq.Imm(asm.R6, 0, "end"),
				asm.LoadMem(asm.R6, asm.R6, int16(offset), asm.DWord),
			},
			count(1),
			asm.Instructions{
				asm.LoadImm(asm.R1, int64(mask), asm.DWord),
				asm.And.Reg(asm.R6, asm.R1),
				asm.JEq.Imm(asm.R6, 0, "end"),
			},
			count(0),
			asm.Instructions{
				asm.Mov.Imm(asm.R0, 0).WithSymbol("end"),
				asm.Return(),
			},
		),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	at, err := link.AttachIter(link.IterOptions{Program: program})
	if err != nil {
		t.Fatal(err)
	}
	defer at.Close()
	r, err := at.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Read(make([]byte, 1)); err != nil && err.Error() != "EOF" {
		t.Fatal(err)
	}
	if err := errors.Join(counts.Lookup(uint32(0), &slow), counts.Lookup(uint32(1), &all)); err != nil {
		t.Fatal(err)
	}
	return slow, all
}

// slowFlag returns where that flag is in a task_struct: the offset of a word of 8
// bytes, and a mask.
func slowFlag(t *testing.T) (offset uint32, mask uint64) {
	t.Helper()
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		t.Fatal(err)
	}
	var task, info *btf.Struct
	if err := errors.Join(kernel.TypeByName("task_struct", &task), kernel.TypeByName("thread_info", &info)); err != nil {
		t.Fatal(err)
	}
	at := func(s *btf.Struct, name string) (uint32, bool) {
		for _, m := range s.Members {
			if m.Name == name {
				return m.Offset.Bytes(), true
			}
		}
		return 0, false
	}
	inTask, _ := at(task, "thread_info")
	var bits *btf.Enum
	if inInfo, ok := at(info, "syscall_work"); ok && kernel.TypeByName("syscall_work_bit", &bits) == nil {
		for _, v := range bits.Values {
			if strings.HasSuffix(v.Name, "SYSCALL_TRACEPOINT") {
				return inTask + inInfo, 1 << v.Value
			}
		}
	}
	inInfo, _ := at(info, "flags")
	return inTask + inInfo, tifSyscallTracepoint
}
