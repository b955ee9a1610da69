package collector

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxText bounds a text in a record, in bytes.
const maxText = 512

// bounded cuts a text that comes from processes on the host at maxText.
func bounded(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + "..."
}

// keptID returns a container's id that a process keeps for as long as it lives; nothing
// if it is too long to be one.
func keptID(id string) string {
	if len(id) > maxID {
		return ""
	}
	return strings.Clone(id)
}

// kept returns a text that a process keeps for as long as it lives, only to compare it
// with others: a long one as its hash.
func kept(s string) string {
	if len(s) <= maxText {
		return strings.Clone(s)
	}
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// errno returns the message of what a failed call returned, a negative errno.
func errno(ret int64) string { return syscall.Errno(-ret).Error() }

func signalName(s syscall.Signal) string {
	if name := unix.SignalName(s); name != "" {
		return name
	}
	return "signal " + s.String()
}

// attributes returns a map of names to values, without the empty values.
func attributes(namesAndValues ...string) map[string]string {
	m := make(map[string]string, len(namesAndValues)/2)
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		if value := namesAndValues[i+1]; value != "" {
			m[namesAndValues[i]] = bounded(value)
		}
	}
	return m
}
