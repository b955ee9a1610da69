package network

import (
	"path"

	"container_start_exporter/collector/start"
)

// netavark recognises Podman's other network stack: `netavark [flags] setup NETNS`,
// with the container's description on standard input. NETNS is a path; that of a
// descriptor of Podman (/proc/PID/fd/N, in a build) says nothing: netavark enters it.
func netavark(base string, args []string) (Run, bool) {
	if base != "netavark" {
		return Run{}, false
	}
	for i, arg := range args {
		if arg != "setup" && arg != "teardown" {
			continue
		}
		r := Run{
			Operation:   start.OpNetavark,
			Attributes:  map[string]string{start.AttrCommand: arg},
			EntersNetns: true,
			Teardown:    arg == "teardown",
		}
		if last := args[len(args)-1]; i+1 < len(args) && path.IsAbs(last) {
			r.NetnsPaths = []string{last}
		}
		return r, true
	}
	return Run{}, false
}
