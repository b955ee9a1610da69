package network

import (
	"slices"
	"strings"

	"container_start_exporter/collector/start"
)

// Other is the label of what is not in a fixed list.
const Other = "other"

// ruleCommands are the commands of iptables by their flags.
var ruleCommands = map[string]string{
	"-A": "append", "-I": "insert", "-N": "new_chain", "-C": "check", "-D": "delete", "-X": "delete_chain", "-F": "flush",
}

// Labels returns the name of the program and of what it was asked to do, each of a fixed
// list: a CNI plugin by its own name if that is in Plugins, any other program by the name
// of its operation.
func (r Run) Labels() (program, command string) {
	program, command = string(r.Operation), r.Attributes[start.AttrCommand]
	switch r.Operation {
	case start.OpCNI:
		if program = r.Attributes[start.AttrPlugin]; !slices.Contains(plugins, program) {
			program = Other
		}
	case start.OpIptables:
		flag, _, _ := strings.Cut(r.Attributes[start.AttrRule], " ")
		command = ruleCommands[flag]
	}
	if command == "" {
		command = Other
	}
	return program, strings.ToLower(command)
}
