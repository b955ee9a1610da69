package main

import (
	"errors"
	"sync"
)

// startAll starts containers in every way, one after the other and then some
// at once.
func startAll(d docker, root string) ([]started, error) {
	var all []started
	for _, start := range inTurn(d, root) {
		s, err := start()
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	together, err := atOnce(d, root)
	if err != nil {
		return nil, err
	}
	all = append(all, together...)
	var running []*started
	for i, s := range all {
		if s.engine == "docker" && s.failed == "" {
			running = append(running, &all[i])
		}
	}
	return all, errors.Join(d.inspect(running), d.exec(*running[0]))
}

// way starts a container, and says what is to be known of it.
type way func() (started, error)

func inTurn(d docker, root string) []way {
	var ways []way
	for _, b := range []bare{"runc", "crun"} {
		ways = append(ways,
			func() (started, error) { return b.run(root) },
			func() (started, error) { return b.run(root) },
			func() (started, error) { return b.steps(root) },
			func() (started, error) { return b.fail(root) },
		)
	}
	return append(ways,
		func() (started, error) { return d.run("run") },
		func() (started, error) { return d.run("run without a network", "--network", "none") },
		d.fail,
	)
}

// atOnce starts containers by all at the same time.
func atOnce(d docker, root string) ([]started, error) {
	var ways []way
	for range 2 {
		ways = append(ways, func() (started, error) { return d.run("run") })
		for _, b := range []bare{"runc", "crun"} {
			ways = append(ways, func() (started, error) { return b.run(root) })
		}
	}
	all, errs := make([]started, len(ways)), make([]error, len(ways))
	var group sync.WaitGroup
	for i, start := range ways {
		group.Go(func() { all[i], errs[i] = start() })
	}
	group.Wait()
	return all, errors.Join(errs...)
}
