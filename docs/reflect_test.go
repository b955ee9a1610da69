package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// generator makes a JSON schema of a Go type: its fields by reflection, what they
// mean by the comments in its source.
type generator struct {
	t        *testing.T
	defs     object
	comments map[string]map[string]string // by package and TYPE.FIELD
}

func schemaOf(t *testing.T, of reflect.Type, title string) object {
	g := &generator{t: t, defs: object{}, comments: map[string]map[string]string{}}
	schema := g.structure(of)
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	schema["title"] = title
	if len(g.defs) > 0 {
		schema["$defs"] = g.defs
	}
	return schema
}

// structure describes a struct.
func (g *generator) structure(of reflect.Type) object {
	properties, required := object{}, []any{}
	for i := range of.NumField() {
		field := of.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		property := g.value(field.Type)
		if text := g.comment(of, field.Name); text != "" {
			property["description"] = text
		}
		properties[name] = property
		if options != "omitempty" {
			required = append(required, name)
		}
	}
	schema := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		schema["required"] = required
	}
	if text := g.comment(of, ""); text != "" {
		schema["description"] = text
	}
	return schema
}

// value describes a value of a type.
func (g *generator) value(of reflect.Type) object {
	switch of {
	case durationType:
		return object{"type": "integer"}
	case timeType:
		return object{"type": "string", "format": "date-time"}
	case costType:
		return g.cost()
	}
	switch of.Kind() {
	case reflect.Pointer:
		return g.value(of.Elem())
	case reflect.Slice:
		return object{"type": "array", "items": g.value(of.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": g.value(of.Elem())}
	case reflect.Struct:
		if g.defs[of.Name()] == nil {
			g.defs[of.Name()] = object{} // it may refer to itself
			g.defs[of.Name()] = g.structure(of)
		}
		return object{"$ref": "#/$defs/" + of.Name()}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Uint32, reflect.Uint64:
		return object{"type": "integer", "minimum": 0}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	}
	g.t.Fatalf("no schema of %v", of)
	return nil
}

// cost describes event.Cost, which writes itself: MarshalJSON.
func (g *generator) cost() object {
	if g.defs["Cost"] != nil {
		return object{"$ref": "#/$defs/Cost"}
	}
	number := func(field string) object {
		return object{"type": "integer", "minimum": 0, "description": g.comment(costType, field)}
	}
	g.defs["Cost"] = object{
		"type": "object", "description": g.comment(costType, ""), "required": []any{"cpu_ns"},
		"properties": object{"cpu_ns": number("CPU"), "run_delay_ns": number("RunDelay"), "io_delay_ns": number("BlockIO")},
	}
	return object{"$ref": "#/$defs/Cost"}
}

// comment returns the comment of a field, or, without a name, of the type.
func (g *generator) comment(of reflect.Type, field string) string {
	dir := "../" + strings.TrimPrefix(of.PkgPath(), "container_start_exporter/")
	if g.comments[dir] == nil {
		g.comments[dir] = commentsIn(g.t, dir)
	}
	return g.comments[dir][path.Join(of.Name(), field)]
}

// commentsIn returns the comments of the structs in a package, by TYPE and
// TYPE/FIELD, and of its constants by NAME.
func commentsIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no Go files in %s: %v", dir, err)
	}
	all := map[string]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			if d, ok := decl.(*ast.GenDecl); ok {
				addComments(all, d)
			}
		}
	}
	return all
}

func addComments(all map[string]string, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			all[s.Name.Name] = text(d.Doc)
			structure, ok := s.Type.(*ast.StructType)
			if !ok {
				continue
			}
			above := "" // a comment above a field is also of those below, until one has its own
			for _, field := range structure.Fields.List {
				comment := text(field.Doc, field.Comment)
				switch {
				case field.Doc != nil:
					above = comment
				case field.Comment != nil:
					above = ""
				default:
					comment = above
				}
				for _, name := range field.Names {
					all[s.Name.Name+"/"+name.Name] = comment
				}
			}
		case *ast.ValueSpec:
			for _, name := range s.Names {
				all[name.Name] = text(s.Comment)
			}
		}
	}
}

// text is what comments say, on one line.
func text(groups ...*ast.CommentGroup) string {
	var words []string
	for _, group := range groups {
		words = append(words, strings.Fields(group.Text())...)
	}
	return strings.Join(words, " ")
}
