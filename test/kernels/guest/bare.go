package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// bare is the name of a runtime that is run without an engine: runc or crun.
type bare string

// setUp returns the phases until the container is set up.
func (b bare) setUp() []string {
	if b == "crun" && !unified() {
		// on cgroup v1, crun creates the cgroup after its clone
		return []string{"create", "namespaces", "cgroup", "rootfs", "init"}
	}
	return []string{"create", "cgroup", "namespaces", "rootfs", "init"}
}

// unified returns whether the cgroup hierarchy is version 2.
func unified() bool {
	_, err := os.Stat("/sys/fs/cgroup/cgroup.controllers")
	return err == nil
}

// run runs a container that exits at once.
func (b bare) run(root string) (container, error) {
	c := b.container("run", "run")
	bundle, err := makeBundle(root, "/bin/true")
	if err != nil {
		return c, err
	}
	file := filepath.Join(bundle, "pid")
	if _, err := execute(string(b), "run", "--bundle", bundle, "--pid-file", file, c.id); err != nil {
		return c, err
	}
	c.pid, err = readPID(file)
	return c, err
}

// steps creates a container, starts it, runs exec in it, which is not a start,
// and reads its state from /proc.
func (b bare) steps(root string) (container, error) {
	c := b.container("create and start", "steps")
	c.phases = append(c.phases, "wait", "start")
	bundle, err := makeBundle(root, "/bin/sleep", "3600")
	if err != nil {
		return c, err
	}
	file := filepath.Join(bundle, "pid")
	for _, args := range [][]string{
		{"create", "--bundle", bundle, "--pid-file", file, c.id},
		{"start", c.id},
		{"exec", c.id, "/bin/true"},
	} {
		if _, err := execute(string(b), args...); err != nil {
			return c, err
		}
	}
	if c.pid, err = readPID(file); err != nil {
		return c, err
	}
	return c, c.readProc()
}

// fail runs a container whose entrypoint does not exist.
func (b bare) fail(root string) (container, error) {
	c := b.container("missing entrypoint", "failed")
	c.failed = "init"
	bundle, err := makeBundle(root, "/no/such/program")
	if err != nil {
		return c, err
	}
	if _, err := execute(string(b), "run", "--bundle", bundle, c.id); err == nil {
		return c, fmt.Errorf("%s runs a program that does not exist", b)
	}
	return c, nil
}

func (b bare) container(name, id string) container {
	return container{
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
