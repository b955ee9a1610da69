package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"runtime"
)

// exitProgram returns the smallest executable, an ELF file for this
// architecture: it exits with status 0.
func exitProgram() []byte {
	code, machine := []byte{
		0x31, 0xff, // xor edi, edi
		0xb8, 0x3c, 0x00, 0x00, 0x00, // mov eax, 60
		0x0f, 0x05, // syscall
	}, elf.EM_X86_64
	if runtime.GOARCH == "arm64" {
		code, machine = []byte{
			0x00, 0x00, 0x80, 0xd2, // mov x0, #0
			0xa8, 0x0b, 0x80, 0xd2, // mov x8, #93
			0x01, 0x00, 0x00, 0xd4, // svc #0
		}, elf.EM_AARCH64
	}
	const at, head, segment = 0x400000, 64, 56
	size := uint64(head + segment + len(code))
	var b bytes.Buffer
	for _, part := range []any{
		elf.Header64{
			Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
			Type:  uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
			Entry: at + head + segment, Phoff: head, Ehsize: head, Phentsize: segment, Phnum: 1,
		},
		elf.Prog64{
			Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X),
			Vaddr: at, Filesz: size, Memsz: size, Align: 0x1000,
		},
		code,
	} {
		_ = binary.Write(&b, binary.LittleEndian, part) // to memory: never fails
	}
	return b.Bytes()
}
