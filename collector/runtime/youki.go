package runtime

func init() { Register(&youki) }

// youki's intermediate process and its init name themselves
// (crates/libcontainer/src/process/container_{intermediate,init}_process.rs).
var youki = Runtime{
	Name:         "youki",
	DefaultRoot:  "/run/youki",
	Executables:  []string{"youki"},
	GlobalValues: []string{"r", "root", "l", "log", "log-format", "log-level"},
	CommandValues: []string{
		"b", "bundle", "console-socket", "pid-file", "preserve-fds",
		// of exec
		"cwd", "e", "env", "u", "user", "p", "process", "process-label",
		"apparmor", "c", "cap", "cgroup",
	},
	NamespacesComm: "youki:[1:INTER]",
	InitComm:       "youki:[2:INIT]",
	Helpers:        []string{"newuidmap", "newgidmap"},
}
