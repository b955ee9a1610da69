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

// writeHooks writes a table of the kernel hooks and a summary of it, then a line
// for each effect of a missing capability, and one if returns may be missed.
func writeHooks(w io.Writer, hooks []bpf.Hook) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "kernel hook\tmechanism\tattached\tprovides")
	for _, h := range hooks {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", h.Name, cmp.Or(h.Mechanism, "none"), attachState(h), impact(h))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	fmt.Fprintf(w, "\n%s\n", summary(hooks))
	missing, err := missingCapabilities(hooks)
	if err != nil {
		return err
	}
	for _, m := range missing {
		fmt.Fprintln(w, m)
	}
	if n := count(hooks, bpf.Hook.Narrow); n > 0 {
		fmt.Fprintf(w, "%d of %d hooks observe only one or two concurrent returns for each CPU: tracefs is not writable\n", n, len(hooks))
	}
	return nil
}

// attachState returns a word for whether a kernel hook is attached.
func attachState(h bpf.Hook) string {
	switch {
	case h.Attached:
		return "yes"
	case h.Waiting:
		return "waits"
	}
	return "no"
}

// impact returns what a kernel hook provides, or what is missing without it and
// why it is not attached.
func impact(h bpf.Hook) string {
	switch {
	case h.Attached:
		return h.Feeds
	case h.Waiting:
		return "MISSING until its module is loaded: " + h.Feeds
	}
	return fmt.Sprintf("MISSING: %s (%s)", h.Feeds, attachError(h.Err))
}

// attachError returns on one line why no mechanism could attach a kernel hook. An
// error about a file is shortened to the mechanism, the file and the cause.
func attachError(err error) string {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var texts []string
		for _, one := range joined.Unwrap() {
			texts = append(texts, attachError(one))
		}
		return strings.Join(texts, "; ")
	}
	text := strings.Join(strings.Fields(err.Error()), " ")
	var file *fs.PathError
	if mechanism, _, ok := strings.Cut(text, ": "); ok && errors.As(err, &file) && slices.Contains(bpf.Mechanisms, mechanism) {
		return mechanism + ": " + file.Error()
	}
	return text
}

// summary returns how many kernel hooks are attached. A missing one affects what
// depends on it, never the rest.
func summary(hooks []bpf.Hook) string {
	attached := countAttached(hooks)
	text := fmt.Sprintf("%d of %d hooks are attached", attached, len(hooks))
	if n := count(hooks, func(h bpf.Hook) bool { return h.Waiting }); n > 0 {
		text += fmt.Sprintf(", %d more once their module is loaded", n)
	}
	text += ": starts are timed"
	if attached < len(hooks) {
		text += "; what depends on the others is missing or less precise"
	}
	return text
}

func countAttached(hooks []bpf.Hook) int {
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

// anyWaiting returns whether a kernel hook waits for its module to be loaded.
func anyWaiting(hooks []bpf.Hook) bool {
	return slices.ContainsFunc(hooks, func(h bpf.Hook) bool { return h.Waiting })
}
