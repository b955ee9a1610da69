package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"container_start_exporter/bpf"
	"container_start_exporter/internal/privilege"
)

// writeProbes writes a table of the kernel probes, and what is missing.
func writeProbes(w io.Writer, probes []bpf.ProbeStatus) error {
	missing, err := privilege.Missing(probes)
	if err != nil {
		return err
	}
	return writeTable(w, probes, missing)
}

// writeTable writes a table of the kernel probes and a summary of it, then a line
// for each effect of a missing capability, and one if returns may be missed.
func writeTable(w io.Writer, probes []bpf.ProbeStatus, missing []privilege.Restriction) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "probe\tmechanism\tattached\tprovides")
	for _, p := range probes {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", p.Name, p.Mechanism, stateWord(p.State), impact(p))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	fmt.Fprintf(w, "\n%s\n", summary(probes))
	for _, m := range missing {
		fmt.Fprintln(w, m)
	}
	if n := count(probes, func(p bpf.ProbeStatus) bool { return p.LimitedMaxActive }); n > 0 {
		fmt.Fprintf(w, "%d of %d probes observe only one or two concurrent returns for each CPU: tracefs is not writable\n", n, len(probes))
	}
	return nil
}

// stateWord returns a word for whether a probe is attached.
func stateWord(s bpf.State) string {
	switch s {
	case bpf.Attached:
		return "yes"
	case bpf.Waiting:
		return "waits"
	}
	return "no"
}

// impact returns what a probe provides, or what is missing without it and why it
// is not attached.
func impact(p bpf.ProbeStatus) string {
	switch p.State {
	case bpf.Attached:
		return p.Impact
	case bpf.Waiting:
		return "MISSING until its module is loaded: " + p.Impact
	}
	return fmt.Sprintf("MISSING: %s (%v)", p.Impact, p.Err())
}

// summary returns how many probes are attached. A missing one affects what depends
// on it, never the rest.
func summary(probes []bpf.ProbeStatus) string {
	attached := countState(probes, bpf.Attached)
	text := fmt.Sprintf("%d of %d probes are attached", attached, len(probes))
	if n := countState(probes, bpf.Waiting); n > 0 {
		text += fmt.Sprintf(", %d more once their module is loaded", n)
	}
	text += ": starts are timed"
	if attached < len(probes) {
		text += "; what depends on the others is missing or less precise"
	}
	return text
}

func countState(probes []bpf.ProbeStatus, s bpf.State) int {
	return count(probes, func(p bpf.ProbeStatus) bool { return p.State == s })
}

func count(probes []bpf.ProbeStatus, is func(bpf.ProbeStatus) bool) (n int) {
	for _, p := range probes {
		if is(p) {
			n++
		}
	}
	return n
}

// anyWaiting returns whether a probe waits for its module to be loaded.
func anyWaiting(probes []bpf.ProbeStatus) bool {
	return slices.ContainsFunc(probes, func(p bpf.ProbeStatus) bool { return p.State == bpf.Waiting })
}
