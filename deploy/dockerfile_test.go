package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// instructions returns the instructions of the Dockerfile, each on one line,
// without comments.
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

// TestImageCopies checks that the paths that the Dockerfile copies exist, and
// that all that the binary is built from is among them.
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
	for _, path := range append(packages(t), "go.mod", "go.sum") {
		if !slices.ContainsFunc(copied, func(dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }) {
			t.Errorf("%s is not copied", path)
		}
	}
}

// packages returns the folders of this module that the exporter is built from.
func packages(t *testing.T) []string {
	t.Helper()
	const module = "container_start_exporter/"
	out, err := exec.Command("go", "list", "-deps", "../cmd/container_start_exporter").Output()
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for line := range strings.Lines(string(out)) {
		if dir, ok := strings.CutPrefix(strings.TrimSpace(line), module); ok {
			dirs = append(dirs, dir)
		}
	}
	if len(dirs) < 10 {
		t.Fatalf("the exporter is built from %q", dirs)
	}
	return dirs
}

// TestImageIsBinaryAlone checks that the last stage runs nothing and executes the
// binary: it has no shell and no libraries.
func TestImageIsBinaryAlone(t *testing.T) {
	lines := instructions(t)
	i := slices.Index(lines, "FROM scratch")
	if i < 0 {
		t.Fatal("the last stage is not from scratch")
	}
	for _, line := range lines[i:] {
		if strings.HasPrefix(line, "RUN") {
			t.Errorf("the last stage runs: %s", line)
		}
	}
	if !slices.Contains(lines[i:], `ENTRYPOINT ["/container_start_exporter"]`) {
		t.Error("the entrypoint is not the binary: scratch has no shell")
	}
	if !slices.ContainsFunc(lines[:i], func(l string) bool { return strings.HasPrefix(l, "RUN CGO_ENABLED=0 ") }) {
		t.Error("the binary is not static")
	}
}

// TestImageCompiler checks that the builder has the Go version that go.mod
// requires.
func TestImageCompiler(t *testing.T) {
	want := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(read(t, "../go.mod")))
	from := regexp.MustCompile(`(?m)^FROM .*golang:(\S+) AS build$`).FindStringSubmatch(string(read(t, "Dockerfile")))
	if want == nil || from == nil || from[1] != want[1] {
		t.Errorf("the builder is Go %v, go.mod has %v", from, want)
	}
}
