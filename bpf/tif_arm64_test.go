package bpf

// tifSyscallTracepoint is TIF_SYSCALL_TRACEPOINT, arch/arm64/include/asm/thread_info.h.
const tifSyscallTracepoint = 1 << 10
