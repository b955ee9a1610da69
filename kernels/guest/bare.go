package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// bare is a runtime without an engine: runc, crun.
type bare string

// setUp are the phases until the container is set up.
func (b bare) setUp() []string {
	if b == "crun" && !unified() {
		// On cgroup v1, crun makes the cgroup after its clone.
		return []string{"create", "namespaces", "cgroup", "rootfs", "init"}
	}
	return []string{"create", "cgroup", "namespaces", "rootfs", "init"}
}

// unified says that cgroups are version 2.
func unified() bool {
	_, err := os.Stat("/sys/fs/cgroup/cgroup.controllers")
	return err == nil
}

// run runs a container that ends at once.
func (b bare) run(root string) (started, error) {
	s := b.started("run", "run")
	bundle, err := makeBundle(root, "/bin/true")
	if err != nil {
		return s, err
	}
	file := filepath.Join(bundle, "pid")
	if _, err := execute(string(b), "run", "--bundle", bundle, "--pid-file", file, s.id); err != nil {
		return s, err
	}
	s.pid, err = readPID(file)
	return s, err
}

// steps creates a container, starts it, looks at it, and executes something in
// it, which is no start.
func (b bare) steps(root string) (started, error) {
	s := b.started("create and start", "steps")
	s.phases = append(s.phases, "wait", "start")
	bundle, err := makeBundle(root, "/bin/sleep", "3600")
	if err != nil {
		return s, err
	}
	file := filepath.Join(bundle, "pid")
	for _, args := range [][]string{
		{"create", "--bundle", bundle, "--pid-file", file, s.id},
		{"start", s.id},
		{"exec", s.id, "/bin/true"},
	} {
		if _, err := execute(string(b), args...); err != nil {
			return s, err
		}
	}
	if s.pid, err = readPID(file); err != nil {
		return s, err
	}
	return s, s.look()
}

// fail runs a container whose entrypoint is not there.
func (b bare) fail(root string) (started, error) {
	s := b.started("missing entrypoint", "failed")
	s.failed = "init"
	bundle, err := makeBundle(root, "/no/such/program")
	if err != nil {
		return s, err
	}
	if _, err := execute(string(b), "run", "--bundle", bundle, s.id); err == nil {
		return s, fmt.Errorf("%s runs a program that is not there", b)
	}
	return s, nil
}

func (b bare) started(name, id string) started {
	return started{
		name: string(b) + " " + name, engine: "none", runtime: string(b), phases: slices.Clone(b.setUp()),
		id: fmt.Sprintf("%s-%s-%d", b, id, ids.Add(1)),
	}
}

func readPID(file string) (int, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(content)))
}
