package docs

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// folderRow matches a row of the table of folders in architecture.md; importPath, a
// folder in its last column.
var (
	folderRow  = regexp.MustCompile("(?m)^\\| `([a-z/]+)/` \\|[^|]*\\|([^|]*)\\|$")
	importPath = regexp.MustCompile("[a-z]+(/[a-z]+)*")
)

// TestFolders compares the table of folders in architecture.md with what each may
// import.
func TestFolders(t *testing.T) {
	architecture, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for _, row := range folderRow.FindAllStringSubmatch(string(architecture), -1) {
		listed[row[1]] = true
		if got := importPath.FindAllString(row[2], -1); !slices.Equal(got, mayImport[row[1]]) {
			t.Errorf("architecture.md says that %s imports %q, but it may import %q", row[1], got, mayImport[row[1]])
		}
	}
	for dir := range mayImport {
		if !listed[dir] {
			t.Errorf("architecture.md does not list %s, which may import %q", dir, mayImport[dir])
		}
	}
}
