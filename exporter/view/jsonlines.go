package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"
)

// JSONLines writes values as JSON, one on each line. What is not printable (C1
// controls, bidirectional marks, ...) is escaped as \uXXXX, which is the same JSON: a
// terminal that shows it does not obey it.
type JSONLines struct {
	w io.Writer
	b bytes.Buffer
}

// NewJSONLines returns a writer of lines to w.
func NewJSONLines(w io.Writer) *JSONLines { return &JSONLines{w: w} }

// Write writes one value and the end of its line, at once.
func (l *JSONLines) Write(v any) error {
	l.b.Reset()
	e := json.NewEncoder(&l.b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := l.w.Write(escapeUnprintable(l.b.Bytes()))
	return err
}

// escapeUnprintable escapes what is not printable in JSON, where all beyond ASCII is
// inside of strings. Controls below 0x20 are escaped by the encoder.
func escapeUnprintable(line []byte) []byte {
	i := bytes.IndexFunc(line, isUnprintable)
	if i < 0 {
		return line
	}
	out := append(make([]byte, 0, len(line)+64), line[:i]...)
	for rest := line[i:]; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		switch {
		case !isUnprintable(r):
			out = append(out, rest[:size]...)
		case r > 0xffff:
			r -= 0x10000
			out = fmt.Appendf(out, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		rest = rest[size:]
	}
	return out
}

func isUnprintable(r rune) bool {
	return r == 0x7f || r >= utf8.RuneSelf && (!unicode.IsPrint(r) || unicode.Is(unicode.Bidi_Control, r))
}
