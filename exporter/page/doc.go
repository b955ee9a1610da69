// Package page serves the web page with the latest starts. Starts go in as a
// collector.StartObserver, HTML goes out as an http.Handler. The page is one document
// without scripts, it loads nothing from anywhere, and no text of processes on
// the host gets into it unescaped. Start never waits for a reader of the page.
package page
