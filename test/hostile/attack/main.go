// Command attack is what a hostile container runs: it tries to blind, fool, fatten
// or freeze an exporter on the host. Linked to other names, it is what it is not: a
// shim, a runtime, a container's init.
//
//	attack NAME [ARGS]
//
// It prints "attacking" once the attack has begun, goes on until its input ends and
// it has done its part, and then prints how often it did what. Its files are in
// /work, which must be on a file system that stores executables.
package main

import (
	"fmt"
	"os"
	"runtime"
)

// attacks are by name. Each returns how often it did what it does.
var attacks = map[string]func(args []string) (done int, err error){
	"bundles":  bundles,
	"children": children,
	"chroots":  chroots,
	"claim":    claim,
	"cwd":      cwd,
	"forge":    forge,
	"links":    links,
	"mounts":   mounts,
	"netlink":  netlink,
	"shims":    shims,
}

// roles are what this program does where an attack has executed it once more.
var roles = map[string]func() error{
	"exit": func() error { return nil },
}

// The main goroutine keeps the process's first thread, which has the process's name.
func init() { runtime.LockOSThread() }

func main() {
	if role, ok := roles[os.Getenv(roleVariable)]; ok {
		end(role())
	}
	attack, ok := attacks[os.Args[1]]
	if !ok {
		end(fmt.Errorf("no attack %s", os.Args[1]))
	}
	if err := disguise(); err != nil {
		end(err)
	}
	done, err := attack(os.Args[2:])
	if err == nil {
		fmt.Println("done", done)
	}
	end(err)
}

// end exits with status 0 if there is no error.
func end(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
