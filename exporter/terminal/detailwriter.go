package terminal

import (
	"strconv"
	"strings"

	"container_start_exporter/exporter/view"
)

// maxWord bounds each word of an event's details, in columns.
const maxWord = 200

// detailWriter writes the details of an event, escaped word by word.
type detailWriter struct {
	b     strings.Builder
	ascii bool
}

// raw appends trusted text, after a space.
func (w *detailWriter) raw(s string) *detailWriter {
	if s != "" {
		if w.b.Len() > 0 {
			w.b.WriteByte(' ')
		}
		w.b.WriteString(s)
	}
	return w
}

// word appends a word from a process on the host, in quotes if a shell would
// need them.
func (w *detailWriter) word(s string) *detailWriter { return w.raw(quoted(s, w.ascii)) }

// named appends name=word, unless the word is empty.
func (w *detailWriter) named(name, s string) *detailWriter {
	if s == "" {
		return w
	}
	return w.raw(name + "=" + quoted(s, w.ascii))
}

// number appends name=n, unless n is 0: unknown.
func (w *detailWriter) number(name string, n int) *detailWriter {
	if n == 0 {
		return w
	}
	return w.raw(name + "=" + strconv.Itoa(n))
}

// arrow appends an arrow from a source to a target.
func (w *detailWriter) arrow() *detailWriter {
	if w.ascii {
		return w.raw("->")
	}
	return w.raw("→")
}

// quoted escapes a word, and puts it in quotes if it is empty or has a
// character that separates words or is special to a shell.
func quoted(s string, ascii bool) string {
	escaped := view.Escape(s, maxWord, ascii)
	if s != "" && !strings.ContainsAny(s, " \t\n\"'\\$`&|;<>()*?#~") {
		return escaped
	}
	return `"` + strings.ReplaceAll(escaped, `"`, `\"`) + `"`
}
