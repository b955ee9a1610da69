package network

import (
	"path"

	"container_start_exporter/collector/start"
)

// slirp4netns recognises slirp4netns, which connects a network namespace to the host's
// without privileges and runs for as long as that is needed: `slirp4netns [flags] PID|PATH
// [TAP]`.
func slirp4netns(base string, args []string) (Run, bool) {
	if base != "slirp4netns" {
		return Run{}, false
	}
	r := Run{Operation: start.OpSlirp4netns, Attributes: map[string]string{}, EntersNetns: true, Stays: true}
	for _, word := range args[max(1, len(args)-2):] {
		if path.IsAbs(word) {
			r.NetnsPaths = []string{word}
		} else if pid, ok := parsePID(word); ok {
			r.NetnsPIDs = []int{pid}
		}
	}
	return r, len(r.NetnsPaths)+len(r.NetnsPIDs) > 0
}
