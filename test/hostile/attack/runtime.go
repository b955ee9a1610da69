package main

import (
	"os"
	"path/filepath"
	"time"
)

const runtimeName = "runc"

func init() {
	roles["linger"] = func() error { time.Sleep(lingering); return refuse() }
	roles["refuse"] = refuse
}

// lingering is how long a forged runtime runs: longer than it takes to look at it.
const lingering = 50 * time.Millisecond

// refuse ends the process as a runtime that could not create its container.
func refuse() error { os.Exit(1); return nil }

// createArgs are the arguments of a runtime that creates a container.
func createArgs(bundle, id string) []string {
	return []string{"--root", filepath.Join(work, "state"), "create", "--bundle", bundle, id}
}

// create executes a runtime in a role on a bundle.
func create(role, bundle string) error {
	return play(runtimeName, role, createArgs(bundle, newID())...)
}

// sleep sleeps until the container ends. (select {} would end a process all of whose
// goroutines wait.)
func sleep() error {
	for {
		time.Sleep(time.Hour)
	}
}
