package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	idVariable   = "ATTACK_ID"
	forgedParent = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
)

// forgedBundle is the bundle of a container that Kubernetes would be proud of.
const forgedBundle = `{"ociVersion":"1.0.2","root":{"path":"/"},"annotations":{
"io.kubernetes.cri.container-type":"container","io.kubernetes.cri.container-name":"kube-apiserver",
"io.kubernetes.cri.image-name":"registry.k8s.io/kube-apiserver","io.kubernetes.cri.sandbox-id":"evil",
"io.kubernetes.cri.sandbox-name":"kube-apiserver","io.kubernetes.cri.sandbox-namespace":"kube-system"}}`

func init() {
	roles["forge-shim"] = forgeShim
	roles["forge-create"] = forgeCreate
	roles["forge-init"] = forgeInit
	roles["forge-failing-shim"] = forgeFailingShim
}

// bundleDir is the directory of the forged bundle; without it, none is read.
func bundleDir() string { return filepath.Join(work, "forged") }

// forge forges starts that succeed and starts that fail, of all engines. Its argument
// is how many fail.
func forge(args []string) (int, error) {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return 0, err
	}
	if err := writeFile(filepath.Join(bundleDir(), "config.json"), forgedBundle); err != nil {
		return 0, err
	}
	var failed atomic.Int64
	_, err = rounds(n, 2, func(i int) error {
		failed.Add(1)
		switch namespace := namespaces[i%len(namespaces)]; {
		case i%16 == 0: // one of them succeeds
			failed.Add(-1)
			return forgeOne("forge-shim", namespace)
		case i%2 == 0: // the shim fails before there is a runtime
			return forgeOne("refuse", namespace)
		default: // the runtime fails before it has done anything
			return forgeOne("forge-failing-shim", namespace)
		}
	})
	return int(failed.Load()), err
}

// forgeOne executes a shim in a role, in the trace of another.
func forgeOne(role, namespace string) error {
	id := newID()
	cmd := act(shimName, role, shimArgs(namespace, id)...)
	cmd.Env = append(cmd.Env, idVariable+"="+id, "TRACEPARENT="+forgedParent)
	return ignoreStatus(cmd.Run())
}

// forgeShim executes a runtime that succeeds.
func forgeShim() error { return playFor("forge-create", bundleDir()) }

// forgeFailingShim executes a runtime that fails on a bundle that does not exist.
func forgeFailingShim() error { return playFor("refuse", filepath.Join(work, "no-bundle")) }

// playFor executes a runtime for the container of this shim.
func playFor(role, bundle string) error {
	return play(runtimeName, role, createArgs(bundle, os.Getenv(idVariable))...)
}

// forgeCreate executes an init, as runc does, and waits until its bundle was read.
func forgeCreate() error {
	return act(runtimeName, "forge-init", "init").Run()
}

// forgeInit takes the name of runc's last stage, and executes an entrypoint. It makes
// no namespace.
func forgeInit() error {
	if err := rename("runc:[2:INIT]"); err != nil {
		return err
	}
	return unix.Exec("/bin/true", []string{"true"}, nil)
}

// rename names this process, whose first thread is the calling one.
func rename(name string) error {
	text, err := unix.BytePtrFromString(name)
	if err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(text)), 0, 0, 0); err != nil {
		return fmt.Errorf("rename: %w", err)
	}
	return nil
}
