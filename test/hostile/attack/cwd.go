package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

const dirVariable = "ATTACK_DIR"

func init() { roles["leave"] = leave }

// cwd executes runtimes whose bundle is their working directory, which is gone. Its
// argument is their number.
func cwd(args []string) (int, error) {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return 0, err
	}
	if err := os.MkdirAll(filepath.Join(work, "cwd"), 0o755); err != nil {
		return 0, err
	}
	return rounds(n, 2, func(i int) error {
		dir := filepath.Join(work, "cwd", strconv.Itoa(i))
		cmd := exec.Command("/proc/self/exe") // of no name that is watched
		cmd.Env = append(os.Environ(), roleVariable+"=leave", dirVariable+"="+dir)
		cmd.Stderr = os.Stderr
		return ignoreStatus(cmd.Run())
	})
}

// leave removes its working directory and executes a runtime there: every second one
// exits at once.
func leave() error {
	dir := os.Getenv(dirVariable)
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := unix.Chdir(dir); err != nil {
		return fmt.Errorf("enter %s: %w", dir, err)
	}
	if err := unix.Rmdir(dir); err != nil {
		return fmt.Errorf("remove %s: %w", dir, err)
	}
	role := "refuse"
	if number, _ := strconv.Atoi(filepath.Base(dir)); number%2 == 0 {
		role = "linger"
	}
	words := [][]string{{runtimeName, "create", newID()}, {runtimeName, "create", "--bundle", ".", newID()}}
	return unix.Exec(disguised(runtimeName), words[os.Getpid()%2], []string{roleVariable + "=" + role})
}
