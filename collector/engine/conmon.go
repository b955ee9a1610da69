package engine

import "strings"

// conmon is the monitor of Podman and CRI-O. It is also executed for exec sessions
// and for `--version`.
var conmon = shim{
	executables: []string{"conmon"},
	parse: func(args []string) (Launch, bool) {
		id := flagValue(args, "-c", "--cid")
		if id == "" || isExecSession(args) {
			return Launch{}, false
		}
		engine := Podman
		if strings.Contains(flagValue(args, "--exit-dir"), "/crio/") {
			engine = CRIO
		}
		return Launch{Engine: engine, ID: id, Name: flagValue(args, "-n", "--name")}, true
	},
}

// isExecSession reports whether the monitor is for an exec session: --exec, -e,
// --exec-attach, --exec-process-spec.
func isExecSession(args []string) bool {
	for _, arg := range args {
		if arg == "-e" || strings.HasPrefix(arg, "--exec") {
			return true
		}
	}
	return false
}
