package docs

import (
	"go/ast"
	"os"
	"regexp"
	"strings"
	"testing"
)

// supportRow matches a row of a table in support.md up to its last two columns: those of
// tests and of recordings.
var supportRow = regexp.MustCompile(`(?m)^\|.*\|([^|]*)\|([^|]*)\|$`)

// TestSupport checks that each test and each recording that support.md names exists, and
// that behind each row there is one.
func TestSupport(t *testing.T) {
	support, err := os.ReadFile("support.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := testFunctions(t)
	rows := 0
	for _, row := range supportRow.FindAllStringSubmatch(string(support), -1) {
		if strings.Contains(row[0], "| test |") || strings.Contains(row[0], "---") {
			continue
		}
		rows++
		named := codeSpan.FindAllStringSubmatch(row[1], -1)
		for _, name := range named {
			if !tests[name[1]] {
				t.Errorf("there is no test %s, which is named in\n%s", name[1], row[0])
			}
		}
		recordings := codeSpan.FindAllStringSubmatch(row[2], -1)
		for _, name := range recordings {
			for _, of := range []string{".events.jsonl", ".starts.jsonl"} {
				if _, err := os.Stat("../collector/testdata/" + name[1] + of); err != nil {
					t.Errorf("%v, which is named in\n%s", err, row[0])
				}
			}
		}
		if len(named)+len(recordings) == 0 {
			t.Errorf("nothing shows\n%s", row[0])
		}
	}
	if rows == 0 {
		t.Error("support.md has no rows")
	}
}

// testFunctions returns the names of all test functions of this module.
func testFunctions(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	parseFiles(t, true, func(_ string, file *ast.File) {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				names[f.Name.Name] = true
			}
		}
	})
	return names
}
