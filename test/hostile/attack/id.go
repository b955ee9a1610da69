package main

import (
	"crypto/rand"
	"encoding/hex"
)

// newID returns an id as engines make them.
func newID() string {
	id := make([]byte, 32)
	_, _ = rand.Read(id) // never fails
	return hex.EncodeToString(id)
}

// shimArgs are the arguments of containerd's shim for a container of an engine, which
// is known by its namespace.
func shimArgs(namespace, id string) []string {
	return []string{"-namespace", namespace, "-address", "/run/containerd/containerd.sock", "-id", id, "start"}
}
