package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"text/tabwriter"

	"container_start_exporter/bpf"
)

// writeHooks writes the table of hooks, what it comes to, and in a line each
// which capability would give more and what falls short.
func writeHooks(w io.Writer, hooks []bpf.Hook) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "hook\tmechanism\tattached\twhat it gives")
	for _, h := range hooks {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", h.Name, cmp.Or(h.Mechanism, "none"), state(h), gives(h))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	fmt.Fprintf(w, "\n%s\n", tally(hooks))
	for _, line := range missingCapabilities(hooks) {
		fmt.Fprintln(w, line)
	}
	if n := count(hooks, bpf.Hook.Narrow); n > 0 {
		fmt.Fprintf(w, "%d of %d hooks see few calls at a time return, one or two for each CPU: tracefs cannot be written\n", n, len(hooks))
	}
	return nil
}

// state says in a word whether a hook is attached.
func state(h bpf.Hook) string {
	switch {
	case h.Attached:
		return "yes"
	case h.Waiting:
		return "waits"
	}
	return "no"
}

// gives says what a hook gives, or what there is not without it, and why.
func gives(h bpf.Hook) string {
	switch {
	case h.Attached:
		return h.Feeds
	case h.Waiting:
		return "MISSING until its module is loaded: " + h.Feeds
	}
	return fmt.Sprintf("MISSING: %s (%s)", h.Feeds, reason(h.Err))
}

// reason is why no mechanism does, on one line; of a file no more than which
// and why.
func reason(err error) string {
	if each, ok := err.(interface{ Unwrap() []error }); ok {
		var reasons []string
		for _, one := range each.Unwrap() {
			reasons = append(reasons, reason(one))
		}
		return strings.Join(reasons, "; ")
	}
	text := strings.Join(strings.Fields(err.Error()), " ")
	var file *fs.PathError
	if mechanism, _, ok := strings.Cut(text, ": "); ok && errors.As(err, &file) && slices.Contains(bpf.Mechanisms, mechanism) {
		return mechanism + ": " + file.Error()
	}
	return text
}

// tally says how many hooks there are. Those that are missing degrade the
// numbers that they feed, never the rest.
func tally(hooks []bpf.Hook) string {
	attached := attachedOf(hooks)
	text := fmt.Sprintf("%d of %d hooks are attached", attached, len(hooks))
	if n := count(hooks, func(h bpf.Hook) bool { return h.Waiting }); n > 0 {
		text += fmt.Sprintf(", %d more as soon as their module is loaded", n)
	}
	text += ": starts are timed"
	if attached < len(hooks) {
		text += ", without what is MISSING above"
	}
	return text
}

func attachedOf(hooks []bpf.Hook) int {
	return count(hooks, func(h bpf.Hook) bool { return h.Attached })
}

func count(hooks []bpf.Hook, is func(bpf.Hook) bool) (n int) {
	for _, h := range hooks {
		if is(h) {
			n++
		}
	}
	return n
}

// waiting tells whether a hook waits for its module.
func waiting(hooks []bpf.Hook) bool {
	return slices.ContainsFunc(hooks, func(h bpf.Hook) bool { return h.Waiting })
}
