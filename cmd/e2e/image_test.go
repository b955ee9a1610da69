package e2e

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// image is the image of the containers.
const image = "busybox:local"

// rootfs returns the path of the root filesystem of the containers, which it makes
// once: busybox, a link for each of its commands, and the usual directories.
var rootfs = sync.OnceValues(func() (string, error) {
	root := filepath.Join(workDir, "rootfs")
	for _, dir := range []string{"bin", "dev", "etc", "proc", "sys", "tmp"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return "", err
		}
	}
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		return "", fmt.Errorf("read busybox (package busybox-static): %w", err)
	}
	if err := os.WriteFile(filepath.Join(root, "bin/busybox"), busybox, 0o755); err != nil {
		return "", err
	}
	list, err := exec.Command("/bin/busybox", "--list").Output()
	if err != nil {
		return "", fmt.Errorf("list busybox's commands: %w", err)
	}
	for _, name := range strings.Fields(string(list)) {
		if name == "busybox" {
			continue
		}
		if err := os.Symlink("busybox", filepath.Join(root, "bin", name)); err != nil {
			return "", err
		}
	}
	return root, nil
})

// imageTar returns the root filesystem as a tar file, for docker import.
func imageTar() (*bytes.Buffer, error) {
	root, err := rootfs()
	if err != nil {
		return nil, err
	}
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	if err := archive.AddFS(os.DirFS(root)); err != nil {
		return nil, fmt.Errorf("pack the image: %w", err)
	}
	return &buffer, archive.Close()
}
