package bundle

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"reflect"

	"container_start_exporter/collector/engine"
)

// Bounds of the state files of engines.
const (
	maxState     = 1 << 20  // bytes
	maxStateList = 16 << 20 // bytes of a file that lists all containers
	maxEntries   = 4        // of a list, that are decoded
)

// states reads the state files of engines. Their paths come from the bundle, and so
// from whoever wrote that: no less is checked than for a config.json.
type states struct {
	tree
	id string // the container's
}

// readJSON decodes a file into v. If v is a pointer to a slice, the file is a list of
// containers: it may be larger, and only those of its entries are decoded in which the
// container's id occurs. The error is engine.ErrNoFile if there is no such file.
func (s states) readJSON(path string, v any) error {
	err := s.decodeJSON(path, v)
	if errors.Is(err, fs.ErrNotExist) {
		return engine.ErrNoFile
	}
	return err
}

func (s states) decodeJSON(path string, v any) error {
	if list := reflect.ValueOf(v).Elem(); list.Kind() == reflect.Slice {
		return s.read(path, maxStateList, func(f *file) error { return s.decodeList(f, list) })
	}
	return s.read(path, maxState, func(f *file) error { return decodeObject(f, v) })
}

func decodeObject(f *file, v any) error {
	content := make([]byte, f.left)
	if _, err := io.ReadFull(f, content); err != nil {
		return err
	}
	return json.Unmarshal(content, v)
}

func (s states) decodeList(f *file, list reflect.Value) error {
	d, left, id := newDecoder(f), maxStateList, []byte(s.id)
	return d.elements(&left, func() error {
		entry, err := d.ReadValue()
		if err != nil || !bytes.Contains(entry, id) || list.Len() >= maxEntries {
			return err
		}
		v := reflect.New(list.Type().Elem())
		if err := json.Unmarshal(entry, v.Interface()); err != nil {
			return err
		}
		list.Set(reflect.Append(list, v.Elem()))
		return nil
	})
}
