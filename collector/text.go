package collector

import (
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
