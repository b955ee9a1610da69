package view

import (
	"fmt"
	"slices"
	"strings"
)

// MaxError is how many columns of a start's error a drawing shows at most.
const MaxError = 400

// Omitted returns what to print below the steps if n were left out: "" for none.
func Omitted(n int) string {
	if n == 0 {
		return ""
	}
	return "and " + plural(n, "more operation")
}

// words joins words with spaces, without those that are missing: "", and "." for
// the base of an empty path.
func words(list ...string) string {
	return strings.Join(slices.DeleteFunc(list, func(w string) bool { return w == "" || w == "." }), " ")
}

// plural returns a number and a noun in the number's form.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
