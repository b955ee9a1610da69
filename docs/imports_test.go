package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "container_start_exporter/"

// mayImport are the packages of this module that each package may import: data runs
// one way, and imports point inward. Commands, tests and what only tests use may import
// anything.
var mayImport = map[string][]string{
	"collector/argv":     {},
	"collector/join":     {},
	"collector/event":    {},
	"collector/start":    {"collector/event"},
	"collector/runtime":  {"collector/argv"},
	"collector/engine":   {"collector/argv"},
	"collector/network":  {"collector/argv", "collector/start"},
	"collector":          {"collector/argv", "collector/engine", "collector/event", "collector/join", "collector/network", "collector/runtime", "collector/start"},
	"bpf":                {"collector/event", "internal/boottime", "internal/proc"},
	"internal/boottime":  {},
	"internal/bundle":    {"collector/argv", "collector/engine", "collector/event", "collector/runtime", "internal/boottime", "internal/proc"},
	"internal/proc":      {"internal/boottime"},
	"internal/privilege": {"bpf"},
	"exporter/safe":      {},
	"exporter/view":      {"collector/event", "collector/start"},
	"exporter/terminal":  {"collector/event", "collector/start", "exporter/view"},
	"exporter/page":      {"collector/start", "exporter/view"},
	"exporter/metrics":   {"collector", "collector/start", "exporter/safe"},
	"exporter/trace":     {"collector/event", "collector/start", "exporter/safe"},
}

// only are the libraries that few packages may import.
var only = map[string][]string{
	"go.opentelemetry.io/otel":        {"exporter/trace"},
	"github.com/prometheus":           {"exporter/metrics", "cmd/container_start_exporter"},
	"github.com/cilium/ebpf":          {"bpf", "cmd/container_start_exporter"},
	"kernel.org/pub/linux/libs":       {"internal/privilege", "cmd/container_start_exporter"},
	"github.com/opencontainers":       {"internal/bundle"},
	"github.com/mdlayher":             {"bpf"},
	"github.com/alecthomas":           {"cmd/container_start_exporter"},
	"golang.org/x/text":               {"exporter/view"},
	"github.com/coreos/go-systemd":    {"cmd/container_start_exporter"},
	"go.opentelemetry.io/contrib":     {"exporter/trace"},
	"github.com/santhosh-tekuri/json": {},
}

// impure are what a package that is pure does not import: it reads no file, no clock
// and no network.
var impure = []string{"os", "os/exec", "io/fs", "net", "net/http", "path/filepath", "sync", "log", "log/slog"}

// TestImports holds the imports of each package against these rules.
func TestImports(t *testing.T) {
	seen := map[string]bool{}
	eachFile(t, func(dir string, file *ast.File) {
		allowed, ruled := mayImport[dir]
		if !ruled && !seen[dir] && isLibrary(dir) {
			t.Errorf("%s is not in mayImport", dir)
		}
		seen[dir] = true
		for _, i := range file.Imports {
			name, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			own, isOwn := strings.CutPrefix(name, module)
			if isOwn && ruled && !slices.Contains(allowed, own) {
				t.Errorf("%s imports %s", dir, own)
			}
			if pure(dir) && slices.Contains(impure, name) {
				t.Errorf("%s imports %s: it is to be pure", dir, name)
			}
			for library, users := range only {
				if strings.HasPrefix(name, library) && !slices.Contains(users, dir) && !strings.HasPrefix(dir, "test/") {
					t.Errorf("%s imports %s, which is for %s only", dir, name, strings.Join(users, " and "))
				}
			}
		}
	})
	for dir := range mayImport {
		if !seen[dir] {
			t.Errorf("%s is no package of this module", dir)
		}
	}
}

// TestCollectorIsPure looks for what would make the collector depend on anything but
// its events: a clock that is read, a goroutine.
func TestCollectorIsPure(t *testing.T) {
	eachFile(t, func(dir string, file *ast.File) {
		if !pure(dir) {
			return
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s starts a goroutine", dir)
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "After", "Sleep", "NewTimer"}, n.Sel.Name) {
					t.Errorf("%s calls time.%s", dir, n.Sel.Name)
				}
			}
			return true
		})
	})
}

func pure(dir string) bool { return dir == "collector" || strings.HasPrefix(dir, "collector/") }

// isLibrary reports whether a package is in one of the folders through which data runs,
// and not only for tests.
func isLibrary(dir string) bool {
	top, _, _ := strings.Cut(dir, "/")
	return slices.Contains([]string{"bpf", "collector", "exporter", "internal"}, top) && !strings.HasPrefix(dir, "exporter/internal/")
}

// eachFile calls f with each Go file of the module that is not a test, and its
// directory.
func eachFile(t *testing.T, f func(dir string, file *ast.File)) {
	t.Helper()
	parseFiles(t, false, f)
}

// parseFiles calls f with each Go file of this module, those of tests or the others.
func parseFiles(t *testing.T, tests bool, f func(dir string, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir("..", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || name != ".." && strings.HasPrefix(entry.Name(), ".")):
			return fs.SkipDir
		case !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") != tests:
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return err
		}
		f(strings.TrimPrefix(path.Dir(filepath.ToSlash(name)), "../"), file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
