package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

const (
	// work is the directory of the attack's files.
	work = "/work"
	// roleVariable is the environment variable with the role of a copy.
	roleVariable = "ATTACK_ROLE"
)

// disguised returns the path of a file of this name that is this program. It is not a
// symbolic link: the kernel knows a program by the name of the file itself.
func disguised(name string) (string, error) {
	path := filepath.Join(work, name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return "", err
	}
	unfinished := path + ".new" // a file that is being written cannot be executed
	if err := os.WriteFile(unfinished, self, 0o755); err != nil {
		return "", fmt.Errorf("disguise as %s: %w", name, err)
	}
	return path, os.Rename(unfinished, path)
}

// act returns a command that executes this program as a file of another name, in a
// role.
func act(name, role string, args ...string) (*exec.Cmd, error) {
	path, err := disguised(name)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = os.Stderr
	return cmd, nil
}

// play runs that to its end. Its exit status does not matter.
func play(name, role string, args ...string) error {
	cmd, err := act(name, role, args...)
	if err != nil {
		return err
	}
	return ignoreStatus(cmd.Run())
}

func ignoreStatus(err error) error {
	var status *exec.ExitError
	if errors.As(err, &status) {
		return nil
	}
	return err
}

// writeFile writes a file and the directories above it.
func writeFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	err := os.WriteFile(path, content, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}
