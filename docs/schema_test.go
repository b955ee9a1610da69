package docs

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// object is a JSON object.
type object = map[string]any

// schemas are the files that describe the JSON forms, and the types that they
// describe.
var schemas = map[string]struct {
	of    reflect.Type
	title string
}{
	"event.schema.json": {reflect.TypeFor[event.Event](), "A line of `events --format json`: one event"},
	"start.schema.json": {reflect.TypeFor[start.Start](), "A line of `run`, `watch` and `replay` with `--format json`: one container start"},
}

// TestSchemas compares the schemas with the types: fields, their types, which are
// always there, and what they mean.
func TestSchemas(t *testing.T) {
	for file, s := range schemas {
		compare(t, file, indent(t, schemaOf(t, s.of, s.title)))
	}
}

// TestRecordingsMatchTheSchema validates the lines of all recordings in the corpus:
// each field that occurs is described.
func TestRecordingsMatchTheSchema(t *testing.T) {
	schema := compile(t, "event.schema.json")
	files, err := filepath.Glob("../collector/testdata/*.events.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings:", err)
	}
	for _, file := range files {
		eachValue(t, file, func(v any) {
			if err := schema.Validate(v); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
		})
	}
}

// TestStartsMatchTheSchema validates the starts of all recordings in the corpus.
func TestStartsMatchTheSchema(t *testing.T) {
	schema := compile(t, "start.schema.json")
	files, err := filepath.Glob("../collector/testdata/*.starts.jsonl")
	if err != nil || len(files) == 0 {
		t.Fatal("no starts:", err)
	}
	for _, file := range files {
		eachValue(t, file, func(v any) {
			if err := schema.Validate(v); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
		})
	}
}

// TestSchemaRefuses shows that the schemas can refuse a line.
func TestSchemaRefuses(t *testing.T) {
	for file, line := range map[string]string{
		"event.schema.json": `{"time": 1, "kind": "exec", "no_such_field": 1}`,
		"start.schema.json": `{"format": 1}`,
	} {
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(line)))
		if err != nil {
			t.Fatal(err)
		}
		if compile(t, file).Validate(v) == nil {
			t.Errorf("%s: %s is valid", file, line)
		}
	}
}

// eachValue calls f with each JSON value in a file.
func eachValue(t *testing.T, file string, f func(any)) {
	t.Helper()
	content, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	for d := json.NewDecoder(bufio.NewReader(content)); ; {
		var raw json.RawMessage
		if err := d.Decode(&raw); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		f(v)
	}
}

// compile reads a schema, and makes it refuse fields that it does not describe: a
// reader has to accept them, but here each is a field that was forgotten.
func compile(t *testing.T, file string) *jsonschema.Schema {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	refuseOthers(doc.(object))
	c := jsonschema.NewCompiler()
	if err := c.AddResource(file, doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile(file)
}

func refuseOthers(schema object) {
	if _, ok := schema["properties"]; ok {
		schema["additionalProperties"] = false
	}
	for _, def := range asObject(schema["$defs"]) {
		refuseOthers(def.(object))
	}
}

func asObject(v any) object {
	o, _ := v.(object)
	return o
}

func indent(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	timeType     = reflect.TypeFor[time.Time]()
	costType     = reflect.TypeFor[event.Cost]()
)
