package runtime

func init() { Register(&runc) }

// runc re-executes itself as `runc init`, whose three stages name themselves
// (libcontainer/nsenter/nsexec.c): stage 0 is the parent, stage 1 unshares the
// namespaces, stage 2 is the container's init. Seen in 1.1 to 1.6.
var runc = Runtime{
	Name:         "runc",
	DefaultRoot:  "/run/runc",
	Executables:  []string{"runc", "docker-runc"},
	GlobalValues: []string{"root", "log", "log-format", "criu", "rootless"},
	CommandValues: []string{
		"b", "bundle", "console-socket", "pid-file", "pidfd-socket", "preserve-fds",
		// of exec
		"cwd", "e", "env", "u", "user", "g", "additional-gids", "p", "process",
		"process-label", "apparmor", "c", "cap", "cgroup",
	},
	NamespacesComm: "runc:[0:PARENT]",
	InitComm:       "runc:[2:INIT]",
	Helpers:        []string{"newuidmap", "newgidmap"},
}
