package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// way is a way to start containers with an engine that is a unit of systemd's, which
// makes their cgroups.
type way struct {
	name, engine, runtime string
	phases                []string
	run                   func(name string) []string // starts a container that keeps running
	inspect               func(all []*container) error
}

// runcPhases and crunPhases are the phases until the container is set up: systemd moves a
// process of the container into its cgroup, which crun has cloned by then.
var (
	runcPhases = []string{"create", "cgroup", "namespaces", "rootfs", "init", "wait", "start"}
	crunPhases = []string{"create", "namespaces", "cgroup", "rootfs", "init", "wait", "start"}
)

// ways are those beside Docker.
var ways = []way{
	{name: "podman", engine: "podman", runtime: "crun", phases: slices.Concat([]string{"prepare", "shim"}, crunPhases),
		run: podmanRun("crun"), inspect: inspectPodman},
	{name: "podman with runc", engine: "podman", runtime: "runc", phases: slices.Concat([]string{"prepare", "shim"}, runcPhases),
		run: podmanRun("runc"), inspect: inspectPodman},
	{name: "ctr", engine: "containerd", runtime: "runc", phases: slices.Concat([]string{"shim"}, runcPhases),
		run: ctrRun, inspect: inspectCtr},
}

func podmanRun(runtime string) func(name string) []string {
	return func(name string) []string {
		return []string{"podman", "--runtime", runtime, "run", "--detach", "--network", "none", "--name", name, qualified, "sleep", "3600"}
	}
}

// ctrRun writes no id: the name is the id.
func ctrRun(name string) []string {
	return []string{"sh", "-c", fmt.Sprintf("ctr run --detach --runc-systemd-cgroup --cgroup system.slice:ctr:%[1]s %[2]s %[1]s sleep 3600 && echo %[1]s", name, qualified)}
}

// qualified is the image's name in the registry that an engine takes for the default.
const qualified = "docker.io/library/" + image

// units gives each engine the image, and returns what starts containers with all.
func units(root string) (func() ([]container, error), error) {
	d := docker{bundles: "/run/containerd"}
	if err := d.importImage(root); err != nil {
		return nil, err
	}
	archive := root + "-image.tar"
	for _, words := range [][]string{
		{"docker", "save", "--output", archive, image},
		{"podman", "load", "--quiet", "--input", archive},
		{"ctr", "images", "import", archive},
	} {
		if _, err := execute(words[0], words[1:]...); err != nil {
			return nil, err
		}
	}
	return func() ([]container, error) { return startUnits(d) }, nil
}

// startUnits starts containers in each way, one after the other and then at the same time.
func startUnits(d docker) ([]container, error) {
	var all []container
	for _, start := range []startFunc{
		func() (container, error) { return d.run("run") },
		func() (container, error) { return d.run("run without a network", "--network", "none") },
		d.fail, ways[0].start, ways[1].start, ways[2].start,
	} {
		c, err := start()
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	together, err := atOnce(func() (container, error) { return d.run("run") }, ways[0].start, ways[1].start, ways[2].start)
	if err != nil {
		return nil, err
	}
	all = append(all, together...)
	inspects := map[string]func([]*container) error{"docker": d.inspect}
	for _, w := range ways {
		inspects[w.engine] = w.inspect
	}
	for engine, inspect := range inspects {
		var running []*container
		for i, c := range all {
			if c.engine == engine && c.failed == "" {
				running = append(running, &all[i])
			}
		}
		if err := inspect(running); err != nil {
			return nil, err
		}
		for _, c := range running {
			if !strings.Contains(c.cgroup, ".scope") {
				return nil, fmt.Errorf("cgroup %q of %s is not systemd's", c.cgroup, c.id)
			}
		}
	}
	return all, d.exec(all[0])
}

// start starts a container.
func (w way) start() (container, error) {
	c := container{name: w.name, engine: w.engine, runtime: w.runtime, phases: w.phases}
	words := w.run(fmt.Sprintf("%s-%d", w.engine, ids.Add(1)))
	out, err := execute(words[0], words[1:]...)
	c.id = strings.TrimSpace(out)
	return c, err
}

// inspectPodman adds to Podman's containers what podman inspect and /proc show of them.
func inspectPodman(all []*container) error {
	args := []string{"inspect"}
	for _, c := range all {
		args = append(args, c.id)
	}
	out, err := execute("podman", args...)
	if err != nil {
		return err
	}
	var found []struct {
		Name, ImageName string
		State           struct{ Pid int }
	}
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		return err
	}
	if len(found) != len(all) {
		return fmt.Errorf("podman inspect shows %d containers, not %d", len(found), len(all))
	}
	for i, c := range all {
		c.pid, c.identity = found[i].State.Pid, &identity{found[i].Name, found[i].ImageName}
		if err := c.readProc(); err != nil {
			return err
		}
	}
	return nil
}

// inspectCtr adds to ctr's containers what ctr and /proc show of them.
func inspectCtr(all []*container) error {
	out, err := execute("ctr", "task", "ls")
	if err != nil {
		return err
	}
	pids := map[string]string{}
	for line := range strings.Lines(out) { // TASK PID STATUS
		fields := append(strings.Fields(line), "", "")
		pids[fields[0]] = fields[1]
	}
	for _, c := range all {
		if c.pid, err = strconv.Atoi(pids[c.id]); err != nil {
			return fmt.Errorf("ctr task ls shows %q of %s: %w", pids[c.id], c.id, err)
		}
		if err := c.readProc(); err != nil {
			return err
		}
	}
	return nil
}
