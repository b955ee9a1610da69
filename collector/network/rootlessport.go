package network

import (
	"strings"

	"container_start_exporter/collector/start"
)

// rootlessPort recognises what forwards the published ports of a container of rootless
// Podman, for as long as that runs. Its configuration is on standard input: it is joined
// by the container's network namespace, in which it executes itself once more.
func rootlessPort(base string, _ []string) (Run, bool) {
	if strings.TrimPrefix(base, "containers-") != "rootlessport" {
		return Run{}, false
	}
	return Run{
		Operation:   start.OpProxy,
		Attributes:  map[string]string{start.AttrProgram: "rootlessport"},
		EntersNetns: true,
		Stays:       true,
	}, true
}
