package main

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"container_start_exporter/bpf"
	"container_start_exporter/exporter/terminal"
)

// widest is how wide drawings get on a wide terminal: bars that are longer
// tell no more.
const widest = 120

// options are what a file that is written to can show. Colour is for terminals
// whose user has not set NO_COLOR (no-color.org).
func options(f *os.File) terminal.Options {
	o := terminal.Options{Width: 80, ASCII: !unicode()}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return o // not a terminal
	}
	if width > 0 {
		o.Width = min(width, widest)
	}
	o.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return o
}

// unicode tells whether block characters can be shown: unless the locale names
// another character set or it is the kernel's console, whose font has none.
func unicode() bool {
	locale := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_CTYPE"), os.Getenv("LANG"))
	locale = strings.ToLower(strings.ReplaceAll(locale, "-", ""))
	return os.Getenv("TERM") != "linux" && (locale == "" || strings.Contains(locale, "utf8"))
}

// sayAttached tells on standard error that events are seen from now on, and
// what is not.
func sayAttached(hooks []bpf.Hook) {
	attached := attachedOf(hooks)
	if attached == len(hooks) {
		fmt.Fprintf(os.Stderr, "attached: %d hooks; Ctrl-C ends\n", attached)
		return
	}
	fmt.Fprintf(os.Stderr, "attached: %d of %d hooks (`%s check` tells why); Ctrl-C ends\n", attached, len(hooks), program)
}

// sentence is the first sentence of a text.
func sentence(text string) string {
	if head, _, ok := strings.Cut(text, ". "); ok {
		return head + "."
	}
	return text
}
