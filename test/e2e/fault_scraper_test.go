package e2e

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/test/host"
)

// TestFaultHangingScraper asks for the metrics and does not read them, on one
// connection and on as many as an address may have: others get them within a second,
// and the exporter ends in time.
func TestFaultHangingScraper(t *testing.T) {
	host.NeedRoot(t)
	for _, connections := range []int{1, 32} {
		t.Run(fmt.Sprint(connections), func(t *testing.T) {
			s := serve(t)
			for range connections {
				hangingScrape(t, s.Address)
			}
			for range 10 {
				checkScrape(t, s)
			}
			terminate(t, s)
		})
	}
}

// checkScrape checks that a scraper on another address gets the metrics.
func checkScrape(t *testing.T, s *server) {
	t.Helper()
	client := http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(s.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("/metrics answers %s", response.Status)
	}
}

// hangingScrape asks for the metrics again and again, on one connection from
// 127.0.0.2 and with a small buffer to receive them, until the server reads no more
// requests: it waits for an answer to be read.
func hangingScrape(t *testing.T, address string) {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	conn, err := dialer.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.(*net.TCPConn).SetReadBuffer(4096)
	requests := strings.Repeat("GET /metrics HTTP/1.1\r\nHost: e2e\r\n\r\n", 100)
	for range 10000 {
		_ = conn.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
		_, err := conn.Write([]byte(requests))
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		if errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.EPIPE) {
			return // too many connections
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("the server reads all requests")
}
