package kernels

import (
	"strings"
	"testing"
)

// runScript runs a script in a machine, and returns the sections of its output. The
// last section of a script that reached its end is named end.
func runScript(t *testing.T, m Machine) map[string]string {
	t.Helper()
	c, err := m.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := sections(c.Output)
	if _, ended := out["end"]; !ended {
		t.Fatalf("%s\n%s", c.Log, c.Output)
	}
	return out
}

// sections splits a script's output at its lines "== NAME" and returns the text
// after each by name.
func sections(output string) map[string]string {
	byName := map[string]string{}
	for _, section := range strings.Split("\n"+output, "\n== ")[1:] {
		name, text, _ := strings.Cut(section, "\n")
		byName[name] = text
	}
	return byName
}
