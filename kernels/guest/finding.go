package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// finding is what a check came to; without a problem it passed.
type finding struct {
	Check    string   `json:"check"`
	Problems []string `json:"problems"`
}

// report writes a finding.
func report(check string, problems ...string) {
	line, err := json.Marshal(finding{check, problems})
	if err != nil {
		panic(err) // texts can be encoded
	}
	fmt.Fprintf(os.Stdout, "%s\n", line)
}

// problems are what a check has found so far.
type problems []string

func (p *problems) addf(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }
