package bpf

// tifSyscallTracepoint is TIF_SYSCALL_TRACEPOINT before 5.11, arch/x86/include/asm/thread_info.h.
const tifSyscallTracepoint = 1 << 28
