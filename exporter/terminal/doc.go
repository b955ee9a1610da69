// Package terminal draws on a terminal: a start as a waterfall or on one line,
// and the kernel's events as a table. A collector.Start or collector.Event goes
// in, lines go out to an io.Writer. No text of processes on the host gets out
// unescaped, no line of a start is wider than Options say, and nothing is read
// from the terminal or the environment.
package terminal
