package argv

import (
	"iter"
	"strings"
)

// The name of an executable may have a version, a prefix or a suffix: runc-1.1.5,
// crun-1.27.1, runc.amd64, buildkit-runc. bpf/c/name.h reads names in the same way.

// isSeparator reports whether a character separates the parts of a name.
func isSeparator(c rune) bool { return c == '-' || c == '_' || c == '.' }

func isDigit(c rune) bool { return c >= '0' && c <= '9' }

// Parts are the parts of a name between separators, each up to its first digit.
func Parts(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for part := range strings.FieldsFuncSeq(name, isSeparator) {
			if digit := strings.IndexFunc(part, isDigit); digit >= 0 {
				part = part[:digit]
			}
			if part != "" && !yield(part) {
				return
			}
		}
	}
}

// WithoutVersion returns a name up to the first separator that a digit follows.
func WithoutVersion(name string) string {
	for i := 1; i+1 < len(name); i++ {
		if isSeparator(rune(name[i])) && isDigit(rune(name[i+1])) {
			return name[:i]
		}
	}
	return name
}

// maxName is the length of the longest name that is compared.
const maxName = 31

// PlainNameRule says what IsPlainName accepts.
const PlainNameRule = "must be the name of an executable without a directory: 1 to 31 letters, digits, dots, dashes and underscores"

// IsPlainName reports whether a name can be added to those of engines and runtimes.
func IsPlainName(name string) bool {
	isPlain := func(c rune) bool {
		return isSeparator(c) || isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	}
	return name != "" && len(name) <= maxName && strings.TrimFunc(name, isPlain) == "" && strings.Trim(name, ".") != ""
}
