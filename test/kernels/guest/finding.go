package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// finding is the result of a check, which passed if there are no problems.
type finding struct {
	Check    string   `json:"check"`
	Problems []string `json:"problems"`
}

// report prints a finding.
func report(check string, problems ...string) {
	line, err := json.Marshal(finding{check, problems})
	if err != nil {
		panic(err) // strings can always be encoded
	}
	fmt.Fprintf(os.Stdout, "%s\n", line)
}

// problems collects what a check finds.
type problems []string

func (p *problems) addf(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }
