package bpf

import (
	"bytes"
	"path"
	"strings"
)

// pathOf returns the path of components as the BPF programs write them: the last
// first, each with its NUL.
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

// realTarget returns the path that target refers to: it is relative to base, or
// a path through /proc/.../fd/N, the descriptor of base.
func realTarget(base, target string) string {
	if strings.HasPrefix(target, "/") {
		target = afterDescriptor(target)
	}
	return path.Join(base, target)
}

// afterDescriptor returns rest of /proc/.../fd/N/rest.
func afterDescriptor(target string) string {
	_, number, _ := strings.Cut(target, "/fd/")
	_, rest, _ := strings.Cut(number, "/")
	return rest
}
