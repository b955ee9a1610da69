package host

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// Rootfs returns the path of a root file system for containers, which it makes once
// in Dir: busybox, a link in /bin for each of its commands, and the usual
// directories.
func Rootfs() (string, error) { return rootfs() }

var rootfs = sync.OnceValues(func() (string, error) {
	root := filepath.Join(Dir(), "rootfs")
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
	return root, linkCommands(filepath.Join(root, "bin"))
})

// linkCommands makes a link to busybox in a directory for each of its commands.
func linkCommands(dir string) error {
	list, err := exec.Command("/bin/busybox", "--list").Output()
	if err != nil {
		return fmt.Errorf("list busybox's commands: %w", err)
	}
	for _, name := range strings.Fields(string(list)) {
		if name == "busybox" {
			continue
		}
		if err := os.Symlink("busybox", filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}
