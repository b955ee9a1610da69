// Package view has what all drawings of a start show, on a terminal or on a page:
// rows, titles, durations, where a bar begins and ends, and the colours of the
// phases. A collector.Start goes in, text and numbers come out. The text of
// processes on the host is as they wrote it: whoever prints it calls Escape. The
// package never writes anything, and it knows neither terminals nor HTML.
package view
