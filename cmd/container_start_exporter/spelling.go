package main

import (
	"fmt"

	"github.com/alecthomas/kingpin/v2"
)

// unknownCommand returns the error for a word that is not a command. It suggests
// the most similar command if that differs by at most two letters.
func unknownCommand(app *kingpin.ApplicationModel, word string) error {
	similar, least := "", 3
	for _, c := range app.Commands {
		if d := editDistance(word, c.Name); d < least {
			similar, least = c.Name, d
		}
	}
	if similar == "" {
		return fmt.Errorf("unknown command %q: try %s --help", word, program)
	}
	return fmt.Errorf("unknown command %q; did you mean %q?", word, similar)
}

// editDistance returns how many letters must be inserted, removed, replaced or
// swapped with the next one to turn a into b.
func editDistance(a, b string) int {
	d := make([][]int, len(a)+1) // d[i][j] is the distance of a[:i] and b[:j]
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replaced := d[i-1][j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			d[i][j] = min(replaced, d[i-1][j]+1, d[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
