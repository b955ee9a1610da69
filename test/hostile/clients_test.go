package hostile

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	clients = 560
	// clientsAddress is another than that of the scraper, as a container's is.
	clientsAddress = "127.0.0.66"
)

// withstandClients holds many connections to the exporter: of clients that ask for
// everything and read nothing, that never finish asking, and that say nothing.
func (s *suite) withstandClients(t *testing.T) {
	first := s.run(t)
	reference := s.record(t, first.id)
	before := s.baseline(t)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var group, connected sync.WaitGroup
	for i := range clients {
		connected.Add(1)
		group.Go(func() { hold(ctx, s.server.Address, i, connected.Done) })
	}
	connected.Wait()
	for _, h := range s.runSome(t) {
		s.checkSame(t, h, reference)
	}
	t.Run("idle", s.waitIdle)
	s.checkRow(t, row{}, before, 0)
	cancel()
	group.Wait()
}

// hold holds a connection, and connects again if it is closed. It calls connected once
// it has tried.
func hold(ctx context.Context, address string, number int, connected func()) {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(clientsAddress)}}
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for once := sync.OnceFunc(connected); ; {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		once()
		if err == nil {
			closed := context.AfterFunc(ctx, func() { _ = conn.Close() })
			occupy(conn, number)
			closed()
			_ = conn.Close()
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

// occupy uses a connection until it is closed.
func occupy(conn net.Conn, number int) {
	switch number % 3 {
	case 0: // asks again and again, and reads no answer
		request := strings.Repeat("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 16)
		for {
			if _, err := io.WriteString(conn, request); err != nil {
				return
			}
		}
	case 1: // a header without an end
		if _, err := io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: a\r\nX: "); err != nil {
			return
		}
	}
	_, _ = io.Copy(io.Discard, conn) // silent until the server closes it
}
