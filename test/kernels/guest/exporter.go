package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"container_start_exporter/test/host/scrape"
)

const (
	program = "/usr/local/bin/container_start_exporter"
	address = "127.0.0.1:9786"
)

// exporter is two exporters: serve for its metrics, and watch for its starts.
type exporter struct {
	serve, watch *daemon
	starts       *os.File // standard output of watch
}

// startExporter starts both and waits until their probes are attached.
func startExporter() (*exporter, error) {
	starts, err := os.Create("/tmp/starts.jsonl")
	if err != nil {
		return nil, err
	}
	e := &exporter{starts: starts}
	if e.serve, err = startDaemon(nil, program, "serve", "--web.listen-address="+address); err != nil {
		return nil, err
	}
	if e.watch, err = startDaemon(starts, program, "watch", "--format=json"); err != nil {
		return nil, err
	}
	if err := e.serve.waitFor("200 from /-/ready", func() bool { _, err := get("/-/ready"); return err == nil }); err != nil {
		return nil, err
	}
	return e, e.watch.waitFor("attached", func() bool { return bytes.Contains([]byte(e.watch.logged()), []byte("attached")) })
}

// get returns the body of a page of serve.
func get(path string) ([]byte, error) {
	client := http.Client{Timeout: timeout}
	response, err := client.Get("http://" + address + path)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", path, response.Status)
	}
	return io.ReadAll(response.Body)
}

// settle waits until watch has reported, and serve has counted, n starts,
// incomplete ones included.
func (e *exporter) settle(n int) error {
	var records []record
	var counted float64
	for deadline := time.Now().Add(timeout); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		m, err := scrapeServe()
		if err != nil {
			return err
		}
		if records, err = e.records(); err != nil {
			return err
		}
		counted = m.Sum("container_starts_total", nil) + m.Sum("container_starts_incomplete_total", nil)
		if len(records) >= n && counted >= float64(n) {
			return nil
		}
	}
	return fmt.Errorf("watch reported %d starts, serve counted %v; want %d", len(records), counted, n)
}

// records returns the starts that watch has reported.
func (e *exporter) records() ([]record, error) {
	content, err := os.ReadFile(e.starts.Name())
	if err != nil {
		return nil, err
	}
	var all []record
	whole := content[:bytes.LastIndexByte(content, '\n')+1]
	for line := range bytes.Lines(whole) {
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("watch wrote %s: %w", line, err)
		}
		all = append(all, r)
	}
	return all, nil
}

// scrapeServe scrapes the metrics of serve.
func scrapeServe() (scrape.Metrics, error) {
	content, err := get("/metrics")
	if err != nil {
		return nil, err
	}
	return scrape.Parse(bytes.NewReader(content))
}
