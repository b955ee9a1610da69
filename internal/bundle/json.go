package bundle

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// Bounds of all JSON that is read. Nothing honest comes near them: an argument of a
// process, which a config.json contains, has at most 128 KiB.
const (
	maxToken = 256 << 10 // bytes of one string or number, or of white space before it
	maxDepth = 64        // arrays and objects around a value
	readSize = 16 << 10  // bytes that are read at a time
)

var (
	errToken     = fmt.Errorf("a JSON token of more than %d bytes", maxToken)
	errDepth     = fmt.Errorf("JSON of more than %d levels", maxDepth)
	errType      = errors.New("a JSON value of another type than expected")
	errDuplicate = errors.New("a JSON member that occurs twice")
)

// decoder reads JSON token by token. It holds as much of the input as its longest
// token needs, and nothing of what it has passed.
type decoder struct {
	*jsontext.Decoder
	text []byte // unquoted: the last string
}

// newDecoder returns a decoder of what r reads. As encoding/json does, it replaces
// what is not UTF-8, and accepts a name twice: it would have to keep all names to
// refuse that.
func newDecoder(r io.Reader) *decoder {
	w := &window{r: bufio.NewReaderSize(r, readSize)}
	w.d = jsontext.NewDecoder(w, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	return &decoder{Decoder: w.d}
}

// window bounds what a jsontext.Decoder buffers, which by itself grows its buffer
// until a token fits.
type window struct {
	r    io.Reader
	d    *jsontext.Decoder
	read int64 // bytes so far
}

// Read is that of an io.Reader. It returns errToken if a token is too long.
func (w *window) Read(b []byte) (int, error) {
	if w.read-w.d.InputOffset() > maxToken {
		return 0, errToken
	}
	n, err := w.r.Read(b[:min(len(b), readSize)])
	w.read += int64(n)
	return n, err
}

// field is a member of an object, and what reads its value.
type field struct {
	name string
	read func() error
}

// object reads an object, or null: the members in fields, each at most once. It skips
// all others.
func (d *decoder) object(fields ...field) error {
	var seen uint64
	return d.members(func(name []byte) error {
		for i, f := range fields {
			if f.name != string(name) {
				continue
			}
			if seen&(1<<i) != 0 {
				return errDuplicate
			}
			seen |= 1 << i
			return f.read()
		}
		return d.skip()
	})
}

// members reads an object, or null. It calls member for each name; member must read
// the value. The name is valid until then.
func (d *decoder) members(member func(name []byte) error) error {
	if isNull, err := d.begin(jsontext.KindBeginObject); isNull || err != nil {
		return err
	}
	for d.PeekKind() == jsontext.KindString {
		if err := d.unquote(); err != nil {
			return err
		}
		if err := member(d.text); err != nil {
			return err
		}
	}
	_, err := d.ReadToken() // the end of the object, or an error
	return err
}

// elements reads an array, or null. It calls element for the first n elements, which
// must read one, and skips the others.
func (d *decoder) elements(n *int, element func() error) error {
	if isNull, err := d.begin(jsontext.KindBeginArray); isNull || err != nil {
		return err
	}
	for d.PeekKind() != jsontext.KindEndArray {
		read := d.skip
		if *n > 0 {
			*n, read = *n-1, element
		}
		if err := read(); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// begin reads the beginning of an object or array, or null in its place.
func (d *decoder) begin(kind jsontext.Kind) (isNull bool, err error) {
	switch token, err := d.ReadToken(); {
	case err != nil:
		return false, err
	case token.Kind() == kind:
		return false, nil
	case token.Kind() != jsontext.KindNull:
		return false, errType
	}
	return true, nil
}

// skip reads a value of any type.
func (d *decoder) skip() error {
	for depth := d.StackDepth(); ; {
		if _, err := d.ReadToken(); err != nil {
			return err
		}
		switch now := d.StackDepth(); {
		case now > maxDepth:
			return errDepth
		case now <= depth:
			return nil
		}
	}
}

// string reads a string into s: empty if it is null or has more than limit bytes. A
// part of a path or an id would be another one.
func (d *decoder) string(s *string, limit int) error {
	*s = ""
	switch d.PeekKind() {
	case jsontext.KindString:
	case jsontext.KindNull, jsontext.KindInvalid:
		return d.skip()
	default:
		return errType
	}
	if err := d.unquote(); err != nil {
		return err
	}
	if len(d.text) <= limit {
		*s = string(d.text)
	}
	return nil
}

// unquote reads a string into d.text.
func (d *decoder) unquote() error {
	quoted, err := d.ReadValue()
	if err != nil {
		return err
	}
	// its only error is that of a string which is not UTF-8, and was made so
	d.text, _ = jsontext.AppendUnquote(d.text[:0], quoted)
	return nil
}
