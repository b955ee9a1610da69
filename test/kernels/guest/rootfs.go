package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
)

// makeRootfs makes the root filesystem of the containers, which contains busybox
// under the names of the commands that they run.
func makeRootfs(root string) (string, error) {
	for _, dir := range []string{"bin", "dev", "etc", "proc", "sys", "tmp"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return "", err
		}
	}
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(root, "bin/busybox"), busybox, 0o755); err != nil {
		return "", err
	}
	for _, name := range []string{"true", "sleep"} {
		if err := os.Symlink("busybox", filepath.Join(root, "bin", name)); err != nil {
			return "", err
		}
	}
	return root, nil
}

// makeBundle makes an OCI bundle that executes args in a root filesystem.
func makeBundle(root string, args ...string) (string, error) {
	content, err := defaultSpec()
	if err != nil {
		return "", err
	}
	var spec map[string]any
	if err := json.Unmarshal(content, &spec); err != nil {
		return "", err
	}
	spec["ociVersion"] = "1.0.2" // crun 1.8 rejects newer ones
	spec["root"] = map[string]any{"path": root, "readonly": true}
	process := spec["process"].(map[string]any)
	process["args"], process["terminal"] = args, false
	if content, err = json.Marshal(spec); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "bundle-")
	if err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(dir, "config.json"), content, 0o644)
}

// defaultSpec returns the config.json that runc spec writes.
var defaultSpec = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "spec-")
	if err != nil {
		return nil, err
	}
	if _, err := execute("runc", "spec", "--bundle", dir); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, "config.json"))
})
