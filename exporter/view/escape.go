package view

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// Escape makes a string from a process on the host safe to print and at most
// max columns wide. Whatever is not printable (control characters, ANSI
// sequences, bidirectional and combining marks, bytes that are not UTF-8; with
// ascii, everything beyond ASCII) is written as in a Go string: \n, \x1b,
// \u202e. A string that is too long is cut and ends in an ellipsis.
func Escape(s string, max int, ascii bool) string {
	if max <= 0 {
		return ""
	}
	ellipsis := "…"
	if ascii {
		ellipsis = "~"
	}
	var b strings.Builder
	column, fits := 0, 0 // fits: the length that still leaves room for the ellipsis
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		piece, wide := escapeRune(r, s[i:i+size], ascii)
		if column+wide > max {
			return b.String()[:fits] + ellipsis
		}
		b.WriteString(piece)
		if column += wide; column < max {
			fits = b.Len()
		}
		i += size
	}
	return b.String()
}

// escapeRune returns how a rune is printed, and in how many columns.
func escapeRune(r rune, raw string, ascii bool) (string, int) {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		raw = fmt.Sprintf(`\x%02x`, raw[0])
	case r == '\n':
		raw = `\n`
	case r == '\t':
		raw = `\t`
	case r == '\r':
		raw = `\r`
	case r < ' ' || r == 0x7f:
		raw = fmt.Sprintf(`\x%02x`, r)
	case r < utf8.RuneSelf:
	case ascii || !unicode.IsPrint(r) || unicode.IsMark(r):
		if r > 0xffff {
			raw = fmt.Sprintf(`\U%08x`, r)
		} else {
			raw = fmt.Sprintf(`\u%04x`, r)
		}
	default:
		return raw, runeColumns(r)
	}
	return raw, len(raw)
}

// Columns returns the width of an escaped string.
func Columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	if r < utf8.RuneSelf {
		return 1
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}
