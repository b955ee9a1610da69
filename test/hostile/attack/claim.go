package main

import (
	"fmt"
	"path/filepath"
)

// claim forges shims and runtimes of a container that another engine is about to
// start. Its arguments are the container's id and the path of its root file system.
func claim(args []string) (int, error) {
	id, root := args[0], args[1]
	// the path that containerd has for a bundle of Docker
	bundle := filepath.Join("/run/containerd/io.containerd.runtime.v2.task/moby", id)
	config := fmt.Sprintf(`{"root":{"path":%q},"annotations":{"io.kubernetes.cri.container-name":"kube-apiserver"}}`, root)
	if err := writeFile(filepath.Join(bundle, "config.json"), config); err != nil {
		return 0, err
	}
	stay := act(shimName, "stay", shimArgs("moby", id)...) // a shim that is still there
	if err := stay.Start(); err != nil {
		return 0, err
	}
	return rounds(1, 1, func(i int) error {
		switch i % 3 {
		case 0:
			return play(shimName, "exit", shimArgs("moby", id)...)
		case 1:
			return play(runtimeName, "linger", createArgs(bundle, id)...)
		default:
			return play(runtimeName, "exit", "start", id)
		}
	})
}

func init() { roles["stay"] = sleep }
