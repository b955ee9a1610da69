package network

import (
	"path"
	"slices"
	"strings"

	"container_start_exporter/collector/argv"
	"container_start_exporter/collector/start"
)

// pasta recognises pasta, which connects a network namespace to the host's without
// privileges (passt.top): `pasta [flags] --netns PATH|NAME` or `pasta [flags] PID`. The
// network is set up when the process that was executed exits: what it has forked goes on
// to forward packets.
func pasta(base string, args []string) (Run, bool) {
	if base != "pasta" && base != "pasta.avx2" {
		return Run{}, false
	}
	r := Run{
		Operation:   start.OpPasta,
		Attributes:  map[string]string{},
		EntersNetns: true,
		Stays:       slices.Contains(args, "-f") || slices.Contains(args, "--foreground"),
	}
	netns := argv.Value(args, "--netns")
	for _, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--netns="); ok {
			netns = value
		}
	}
	pid, isPID := parsePID(args[len(args)-1])
	switch {
	case netns != "" && !strings.Contains(netns, "/"): // as ip-netns(8) names it
		r.NetnsPaths = []string{path.Join("/run/netns", netns)}
	case netns != "":
		r.NetnsPaths = []string{netns}
	case isPID:
		r.NetnsPIDs = []int{pid}
	default: // it creates the namespace, for a command of its own
		return Run{}, false
	}
	return r, true
}
