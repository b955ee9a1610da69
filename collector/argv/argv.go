// Package argv reads command lines.
package argv

// Value returns the word after the first of the given flags in args; empty if
// none is there or nothing follows it.
func Value(args []string, flags ...string) string {
	for i := 0; i+1 < len(args); i++ {
		for _, flag := range flags {
			if args[i] == flag {
				return args[i+1]
			}
		}
	}
	return ""
}
