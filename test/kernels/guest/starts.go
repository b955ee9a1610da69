package main

import (
	"errors"
	"sync"
)

// startAll starts containers in every way, first one after the other and then
// several at the same time.
func startAll(d docker, root string) ([]container, error) {
	var all []container
	for _, start := range sequence(d, root) {
		c, err := start()
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	together, err := concurrent(d, root)
	if err != nil {
		return nil, err
	}
	all = append(all, together...)
	var running []*container
	for i, c := range all {
		if c.engine == "docker" && c.failed == "" {
			running = append(running, &all[i])
		}
	}
	return all, errors.Join(d.inspect(running), d.exec(*running[0]))
}

// startFunc starts a container and returns what is known of it.
type startFunc func() (container, error)

func sequence(d docker, root string) []startFunc {
	var starts []startFunc
	for _, b := range []bare{"runc", "crun"} {
		starts = append(starts,
			func() (container, error) { return b.run(root) },
			func() (container, error) { return b.run(root) },
			func() (container, error) { return b.steps(root) },
			func() (container, error) { return b.fail(root) },
		)
	}
	return append(starts,
		func() (container, error) { return d.run("run") },
		func() (container, error) { return d.run("run without a network", "--network", "none") },
		d.fail,
	)
}

// concurrent starts containers with Docker and all runtimes at the same time.
func concurrent(d docker, root string) ([]container, error) {
	var starts []startFunc
	for range 2 {
		starts = append(starts, func() (container, error) { return d.run("run") })
		for _, b := range []bare{"runc", "crun"} {
			starts = append(starts, func() (container, error) { return b.run(root) })
		}
	}
	return atOnce(starts...)
}

// atOnce starts containers at the same time.
func atOnce(starts ...startFunc) ([]container, error) {
	all, errs := make([]container, len(starts)), make([]error, len(starts))
	var group sync.WaitGroup
	for i, start := range starts {
		group.Go(func() { all[i], errs[i] = start() })
	}
	group.Wait()
	return all, errors.Join(errs...)
}
