package runtime

func init() { Register(&crun) }

// crun has no stages: one clone makes the namespaces. Its child is the init, named
// crun until it executes the entrypoint.
var crun = Runtime{
	Name:         "crun",
	DefaultRoot:  "/run/crun",
	Executables:  []string{"crun"},
	GlobalValues: []string{"root", "log", "log-format", "log-level", "cgroup-manager", "rootless"},
	CommandValues: []string{
		"b", "bundle", "f", "config", "console-socket", "pid-file", "preserve-fds",
		// of exec
		"cwd", "e", "env", "u", "user", "p", "process", "process-label",
		"apparmor", "c", "cap", "cgroup",
	},
	Getopt: true, // by argp(3)
	PlainFlags: map[string][]string{
		"delete": {"f", "force", "r", "regex"},
		"kill":   {"a", "all", "r", "regex"},
	},
	Helpers: []string{"newuidmap", "newgidmap"},
}
