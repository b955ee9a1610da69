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
		"root", "log", "log-format", "debug-command", "debug-log", "debug-log-format", "panic-log", "coverage-report",
		"pcap-log", "traceback", "metric-server", "final-metrics-log", "profiling-metrics", "profiling-metrics-log",
		"profiling-metrics-rate-us", "strace-syscalls", "strace-log-size", "platform", "platform_device_path",
		"watchdog-action", "panic-signal", "profile-block", "profile-cpu", "profile-gc-interval", "profile-heap",
		"profile-mutex", "trace", "ref-leak-mode", "signal-unkillable-policy", "pod-init-config", "host-settings",
		"sidecar-release-enforcement-policy", "sidecar-usage-policy", "restore-spec-validation",
		"control-rpc-stop-timeout", "shared-root", "file-access", "file-access-mounts", "overlay2", "host-uds",
		"host-fifo", "character-device-policy", "override-procs", "in-sandbox-cgroup", "fdlimit", "dcache", "network",
		"network-proxy-path", "gofer-network-namespace", "qdisc", "qdisc-tbf-rate", "qdisc-tbf-burst",
		"num-network-channels", "network-processors-per-channel", "EXPERIMENTAL-xdp", "nvproxy-driver-version",
		"nvproxy-allowed-driver-capabilities", "cuda-checkpoint-path",
		// of the sandbox (runsc/cli in gVisor)
		"log-fd", "debug-log-fd", "panic-log-fd", "coverage-fd", "profiling-metrics-fd",
	},
	CommandValues: []string{
		"bundle", "console-socket", "pid-file", "user-log",
		// of exec
		"cwd", "env", "user", "cap", "process", "internal-pid-file",
	},
	Sandboxed: true,
}
