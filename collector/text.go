package collector

import (
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxText bounds what a record says in words, in bytes.
const maxText = 512

// bounded cuts a text that processes on the host had a part in.
func bounded(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + "..."
}

// errno says in words what a call returned: the message of a negative errno.
func errno(ret int64) string { return syscall.Errno(-ret).Error() }

func signalName(s syscall.Signal) string {
	if name := unix.SignalName(s); name != "" {
		return name
	}
	return "signal " + s.String()
}

// attributes makes a map of names and values, without the empty ones.
func attributes(namesAndValues ...string) map[string]string {
	m := make(map[string]string, len(namesAndValues)/2)
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		if value := namesAndValues[i+1]; value != "" {
			m[namesAndValues[i]] = bounded(value)
		}
	}
	return m
}
