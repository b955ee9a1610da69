package runtime

func init() { Register(&runsc) }

// runsc is gVisor: its own kernel executes the entrypoint, in a process of the host that
// is its sandbox. Its flags are those of Go's package flag: one that is not boolean may
// have its value in the next word (runsc/config/flags.go and runsc/cmd in gVisor).
var runsc = Runtime{
	Name:        "runsc",
	DefaultRoot: "/run/runsc",
	Executables: []string{"runsc"},
	GlobalValues: []string{
		"root", "log", "log-format", "log-fd", "debug-log", "debug-log-fd", "debug-log-format", "debug-command",
		"panic-log", "panic-log-fd", "coverage-report", "traceback", "platform", "platform_device_path", "network",
		"num-network-channels", "network-processors-per-channel", "file-access", "file-access-mounts", "overlay2",
		"host-uds", "host-fifo", "watchdog-action", "panic-signal", "qdisc", "ref-leak-mode", "dcache",
		"strace-syscalls", "strace-log-size", "pod-init-config", "metric-server", "final-metrics-log",
		"profile-block", "profile-cpu", "profile-heap", "profile-mutex", "trace", "gvisor-marker-file",
		"xdp", "nvproxy-driver-version", "controls", "rootless-uid",
	},
	CommandValues: []string{
		"bundle", "console-socket", "pid-file", "user-log",
		// of exec
		"cwd", "env", "user", "cap", "process", "internal-pid-file",
	},
	Sandboxed: true,
}
