package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	fence    = regexp.MustCompile("(?ms)^```.*?^```$")
	codeSpan = regexp.MustCompile("`([^`\n]+)`")
	target   = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ (.*)$`)
	repoPath = regexp.MustCompile(`^[a-zA-Z0-9_.-]+(/[a-zA-Z0-9_.-]+)*/?$`)
)

// TestLinks checks that the relative links in all Markdown files lead to files that
// exist, and to headings that exist.
func TestLinks(t *testing.T) {
	for _, file := range markdown(t) {
		for _, m := range target.FindAllStringSubmatch(codeSpan.ReplaceAllString(prose(t, file), ""), -1) {
			if strings.Contains(m[1], "://") {
				continue // nothing here asks other hosts
			}
			path, anchor, _ := strings.Cut(m[1], "#")
			linked := file
			if path != "" {
				linked = filepath.Join(filepath.Dir(file), path)
			}
			if _, err := os.Stat(linked); err != nil {
				t.Errorf("%s links to %s: %v", file, m[1], err)
			} else if anchor != "" && !slices.Contains(anchors(t, linked), anchor) {
				t.Errorf("%s links to %s, which has no such heading", file, m[1])
			}
		}
	}
}

// TestPaths checks that the files and folders of this repository that are named in
// Markdown files exist: a word in code style is one if it begins with a top folder.
func TestPaths(t *testing.T) {
	for _, file := range markdown(t) {
		for _, m := range codeSpan.FindAllStringSubmatch(prose(t, file), -1) {
			path := strings.TrimPrefix(m[1], "./")
			top, _, nested := strings.Cut(path, "/")
			if !nested || !repoPath.MatchString(path) || strings.Contains(path, "NAME") {
				continue
			}
			if info, err := os.Stat("../" + top); err != nil || !info.IsDir() {
				continue
			}
			if _, err := os.Stat("../" + path); err != nil && top != "bin" {
				t.Errorf("%s names %s: %v", file, path, err)
			}
		}
	}
}

// markdown returns the Markdown files of the repository.
func markdown(t *testing.T) (files []string) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && path != ".." && (strings.HasPrefix(name, ".") || name == "bin" || name == "testdata") {
			return fs.SkipDir
		}
		if filepath.Ext(path) == ".md" {
			files = append(files, path)
		}
		return nil
	})
	if err != nil || len(files) < 2 {
		t.Fatalf("Markdown files: %q, %v", files, err)
	}
	return files
}

// prose returns a Markdown file without its blocks of code.
func prose(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return fence.ReplaceAllString(string(content), "")
}

// anchors returns the anchors of the headings in a Markdown file, as GitHub makes
// them: in lower case, with - for a space, and without other punctuation.
func anchors(t *testing.T, file string) (list []string) {
	t.Helper()
	for _, m := range heading.FindAllStringSubmatch(prose(t, file), -1) {
		list = append(list, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', r >= 'a' && r <= 'z', r >= '0' && r <= '9', r > 127 && r != '…':
				return r
			}
			return -1
		}, strings.ToLower(m[1])))
	}
	return list
}
