package deploy

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// instructions are those of the Dockerfile, a line each, without comments.
func instructions(t *testing.T) []string {
	t.Helper()
	text := regexp.MustCompile(`(?m)^\s*#.*\n`).ReplaceAllString(string(read(t, "Dockerfile")), "")
	text = strings.ReplaceAll(text, "\\\n", " ")
	var list []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

// TestImageCopies checks that what is copied from the project is there, and all
// that the binary is made of.
func TestImageCopies(t *testing.T) {
	var copied []string
	for _, line := range instructions(t) {
		words := strings.Fields(line)
		if words[0] != "COPY" || strings.HasPrefix(words[1], "--from=") {
			continue
		}
		for _, path := range words[1 : len(words)-1] {
			if _, err := os.Stat(filepath.Join("..", path)); err != nil {
				t.Errorf("%s: %v", line, err)
			}
			copied = append(copied, path)
		}
	}
	for _, path := range []string{"go.mod", "go.sum", "bpf", "collector", "exporter", "cmd/container_start_exporter"} {
		if !slices.Contains(copied, path) {
			t.Errorf("%s is not copied", path)
		}
	}
}

// TestImageIsBinaryAlone checks the last stage: it has nothing to run with.
func TestImageIsBinaryAlone(t *testing.T) {
	lines := instructions(t)
	i := slices.Index(lines, "FROM scratch")
	if i < 0 {
		t.Fatal("the last stage is not from scratch")
	}
	for _, line := range lines[i:] {
		if strings.HasPrefix(line, "RUN") {
			t.Errorf("in the last stage: %s", line)
		}
	}
	if !slices.Contains(lines[i:], `ENTRYPOINT ["/container_start_exporter"]`) {
		t.Error("the entrypoint is not the binary: scratch has no shell")
	}
	if !slices.ContainsFunc(lines[:i], func(l string) bool { return strings.HasPrefix(l, "RUN CGO_ENABLED=0 ") }) {
		t.Error("the binary is not static")
	}
}

// TestImageCompiler checks that the builder is of the Go version that go.mod
// asks for.
func TestImageCompiler(t *testing.T) {
	want := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(read(t, "../go.mod")))
	from := regexp.MustCompile(`(?m)^FROM .*golang:(\S+) AS build$`).FindStringSubmatch(string(read(t, "Dockerfile")))
	if want == nil || from == nil || from[1] != want[1] {
		t.Errorf("the builder is Go %v, go.mod has %v", from, want)
	}
}
