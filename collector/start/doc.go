// Package start is what comes out: the Start, the record of one container start, with
// its phases, its operations and what it created. It imports only package event.
//
// # Format
//
// `run`, `watch` and `replay` write one Start per line with `--format json`.
// docs/start.schema.json describes the lines. Each has the version of the format,
// FormatVersion. Within a major version of the exporter, fields are added, never
// renamed or removed; a new operation, attribute, error type or kind may appear.
package start
