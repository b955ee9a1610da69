package main

import "strconv"

const shimName = "containerd-shim-runc-v2"

// namespaces are those of the engines that use containerd: Docker, Kubernetes, ctr.
var namespaces = []string{"moby", "k8s.io", "default"}

// shims executes shims that exit at once, each for another container: none executes a
// runtime. Its argument is their number.
func shims(args []string) (int, error) {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return 0, err
	}
	return rounds(n, 2, func(i int) error {
		return play(shimName, "exit", shimArgs(namespaces[i%len(namespaces)], newID())...)
	})
}
