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

// maxWidth bounds drawings on a wide terminal, in columns: longer bars show
// nothing more.
const maxWidth = 120

// terminalOptions returns what the output file can show. Colour is for terminals,
// unless the user has set NO_COLOR (no-color.org).
func terminalOptions(f *os.File) terminal.Options {
	o := terminal.Options{Width: 80, ASCII: !supportsUnicode()}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return o // not a terminal
	}
	if width > 0 {
		o.Width = min(width, maxWidth)
	}
	o.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return o
}

// supportsUnicode returns whether block characters can be shown: not if the locale
// names another character set, nor on the kernel's console, whose font lacks them.
func supportsUnicode() bool {
	locale := cmp.Or(os.Getenv("LC_ALL"), os.Getenv("LC_CTYPE"), os.Getenv("LANG"))
	locale = strings.ToLower(strings.ReplaceAll(locale, "-", ""))
	return os.Getenv("TERM") != "linux" && (locale == "" || strings.Contains(locale, "utf8"))
}

// printAttached prints on standard error that events are reported from now on, and
// how many kernel probes are attached.
func printAttached(probes []bpf.ProbeStatus) {
	if note, mistaken := pidNamespace(); mistaken {
		fmt.Fprintf(os.Stderr, "pids %s\n", note)
	}
	attached := countState(probes, bpf.Attached)
	if attached == len(probes) {
		fmt.Fprintf(os.Stderr, "attached: %d kernel probes; press Ctrl-C to stop\n", attached)
		return
	}
	fmt.Fprintf(os.Stderr, "attached: %d of %d kernel probes (`%s check` shows why); press Ctrl-C to stop\n", attached, len(probes), program)
}

// firstSentence returns the first sentence of a text.
func firstSentence(text string) string {
	if head, _, ok := strings.Cut(text, ". "); ok {
		return head + "."
	}
	return text
}
