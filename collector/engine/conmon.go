package engine

import "strings"

// conmon is the monitor of Podman and CRI-O. It is executed for an exec
// session as well, and for `--version`.
var conmon = shim{
	executables: []string{"conmon"},
	parse: func(args []string) (Launch, bool) {
		id := value(args, "-c", "--cid")
		if id == "" || forExec(args) {
			return Launch{}, false
		}
		engine := Podman
		if strings.Contains(value(args, "--exit-dir"), "/crio/") {
			engine = CRIO
		}
		return Launch{Engine: engine, ID: id, Name: value(args, "-n", "--name")}, true
	},
}

// forExec says that the monitor watches an exec session: --exec, -e,
// --exec-attach, --exec-process-spec.
func forExec(args []string) bool {
	for _, arg := range args {
		if arg == "-e" || strings.HasPrefix(arg, "--exec") {
			return true
		}
	}
	return false
}
