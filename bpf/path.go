package bpf

import (
	"bytes"
	"path"
	"strings"
)

// pathOf makes a path of its components, which the kernel side finds last
// first: each has its NUL.
func pathOf(base []byte) string {
	components := bytes.Split(bytes.TrimSuffix(base, []byte{0}), []byte{0})
	var b strings.Builder
	for i := len(components) - 1; i >= 0; i-- {
		if len(components[i]) > 0 {
			b.WriteByte('/')
			b.WriteString(text(components[i]))
		}
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

// realTarget is what target means: it is relative to base, or it is a path of
// /proc through the descriptor that base is.
func realTarget(base, target string) string {
	if strings.HasPrefix(target, "/") {
		target = afterDescriptor(target)
	}
	return path.Join(base, target)
}

// afterDescriptor is what follows the descriptor's number in /proc/.../fd/N/rest.
func afterDescriptor(target string) string {
	_, number, _ := strings.Cut(target, "/fd/")
	_, rest, _ := strings.Cut(number, "/")
	return rest
}
