package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"container_start_exporter/exporter/trace"
)

// TestAttributes compares attributes.md with the attributes of operations and spans.
func TestAttributes(t *testing.T) {
	var b strings.Builder
	b.WriteString("# Attributes\n\n<!-- Written by go test ./docs -update: do not edit. -->\n\n" +
		"What is not known is absent. Attributes are added within a major version, never renamed.\n\n" +
		"## Operations\n\nThe keys of `attributes` of an operation in a start's JSON. Values are text.\n\n| operation | what it is: its attributes |\n| --- | --- |\n")
	for _, c := range constants(t, "../collector/start/start.go", "Op") {
		b.WriteString("| `" + c.value + "` | " + c.comment + " |\n")
	}
	b.WriteString("\n| attribute | what it is |\n| --- | --- |\n")
	for _, c := range constants(t, "../collector/start/attribute.go", "Attr") {
		b.WriteString("| `" + c.value + "` | " + c.comment + " |\n")
	}
	b.WriteString("\n## Spans\n\nThe attributes of the spans of a trace, those that OpenTelemetry's semantic conventions define by their names.\n\n" +
		"| attribute | what it is |\n| --- | --- |\n")
	for _, a := range trace.Attributes() {
		b.WriteString("| `" + a.Key + "` | " + a.Description + " |\n")
	}
	compare(t, "attributes.md", b.String())
}

type constant struct{ value, comment string }

// constants returns the string constants of a file whose names have a prefix. Each
// must have a comment.
func constants(t *testing.T, file, prefix string) (list []constant) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, prefix) || len(spec.Values) != 1 {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok {
			return true
		}
		value, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		c := constant{value, text(spec.Comment)}
		if c.comment == "" {
			t.Errorf("%s has no comment", spec.Names[0].Name)
		}
		list = append(list, c)
		return true
	})
	if len(list) == 0 {
		t.Fatalf("no constants %s... in %s", prefix, file)
	}
	return list
}
