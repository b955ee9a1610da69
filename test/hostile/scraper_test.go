package hostile

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"container_start_exporter/test/host/scrape"
)

const (
	scrapeInterval = 200 * time.Millisecond
	scrapeTimeout  = time.Second
)

// scraper scrapes the metrics all the time, each time by a connection of its own, and
// remembers when they were not answered in time.
type scraper struct {
	url    string
	client *http.Client

	mu       sync.Mutex
	failures []string
	slowest  time.Duration
}

// startScraper starts a scraper, which runs until the end of the test.
func startScraper(t *testing.T, url string) *scraper {
	s := &scraper{url: url, client: &http.Client{
		Timeout: scrapeTimeout, Transport: &http.Transport{DisableKeepAlives: true},
	}}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(scrapeInterval)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				s.try()
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-stopped })
	return s
}

// try scrapes once.
func (s *scraper) try() {
	began := time.Now()
	_, err := s.body()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slowest = max(s.slowest, time.Since(began))
	if err != nil {
		s.failures = append(s.failures, fmt.Sprintf("%s: %v", began.Format(time.StampMilli), err))
	}
}

// take returns the failures and the longest scrape since the last call.
func (s *scraper) take() (failures []string, slowest time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	failures, slowest = s.failures, s.slowest
	s.failures, s.slowest = nil, 0
	return failures, slowest
}

// body returns what the metrics answer.
func (s *scraper) body() (string, error) {
	response, err := s.client.Get(s.url)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status %s", response.Status)
	}
	return string(body), nil
}

// metrics returns the metrics as they are now.
func (s *scraper) metrics(t *testing.T) scrape.Metrics {
	t.Helper()
	body, err := s.body()
	if err != nil {
		t.Fatalf("GET %s: %v", s.url, err)
	}
	m, err := scrape.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatalf("parse /metrics: %v", err)
	}
	return m
}
