package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/common/promslog"
	"github.com/prometheus/exporter-toolkit/web"

	"container_start_exporter/test/host"
)

// serveOn serves a handler on a loopback address with all limits, until the test ends.
func serveOn(t *testing.T, handler http.Handler) (address string) {
	t.Helper()
	addresses := []string{"127.0.0.1:0"}
	listeners, err := bind(&web.FlagConfig{WebListenAddresses: &addresses}, promslog.NewNopLogger())
	if err != nil {
		t.Fatal(err)
	}
	server := newWebServer(handler)
	go func() { _ = server.Serve(listeners[0]) }()
	t.Cleanup(func() { _ = server.Close() })
	return listeners[0].Addr().String()
}

// TestIdleClients opens as many connections as it can from one address, and sends
// nothing: requests from another address are answered at once.
func TestIdleClients(t *testing.T) {
	s := testServer(t, &serveOptions{telemetryPath: "/metrics"})
	address := serveOn(t, s.handler())
	idle := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	const clients = 600
	var closed atomic.Int64
	for range clients {
		conn, err := idle.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		go func() {
			_, _ = conn.Read(make([]byte, 1))
			closed.Add(1)
		}()
	}
	host.WaitFor(t, headerTimeout-time.Second, "the others to be closed", func() bool { return closed.Load() >= clients-maxPerPeer },
		func() string {
			return fmt.Sprintf("one address holds %d connections, of at most %d", clients-closed.Load(), maxPerPeer)
		})
	client := http.Client{Timeout: time.Second}
	for _, path := range []string{"/metrics", "/-/healthy"} {
		response, err := client.Get("http://" + address + path)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v, %v", path, response, err)
		}
		response.Body.Close()
	}
}

// TestPlacesAreGivenBack opens and closes more connections than there is room for at
// once.
func TestPlacesAreGivenBack(t *testing.T) {
	address := serveOn(t, http.NotFoundHandler())
	for i := range 4 * maxPerPeer {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, "GET / HTTP/1.0\r\n\r\n")
		if answer, err := io.ReadAll(conn); err != nil || len(answer) == 0 {
			t.Fatalf("connection %d: %q, %v", i, answer, err)
		}
		conn.Close()
	}
}

// TestNoPage serves the metrics and the health alone.
func TestNoPage(t *testing.T) {
	h := testServer(t, &serveOptions{telemetryPath: "/metrics", noPage: true}).handler()
	for path, want := range map[string]int{"/": http.StatusNotFound, "/metrics": http.StatusOK, "/-/healthy": http.StatusOK} {
		if code, _ := get(t, h, path); code != want {
			t.Errorf("%s: %d, want %d", path, code, want)
		}
	}
}

// TestAnswersToOnePeer holds as many answers as it can from one address: another address
// is answered.
func TestAnswersToOnePeer(t *testing.T) {
	begun, end := make(chan bool, 100), make(chan bool)
	held := limitAnswers()(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		begun <- true
		<-end
	}))
	ask := func(peer string) int {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.RemoteAddr = peer + ":5000"
		held.ServeHTTP(w, r)
		return w.Code
	}
	var asking sync.WaitGroup
	for range maxToPeer {
		asking.Go(func() { ask("10.0.0.1") })
		<-begun
	}
	if code := ask("10.0.0.1"); code != http.StatusServiceUnavailable {
		t.Errorf("one more answer to one address: %d", code)
	}
	asking.Go(func() {
		if code := ask("10.0.0.2"); code != http.StatusOK {
			t.Errorf("the answer to another address: %d", code)
		}
	})
	<-begun
	close(end)
	asking.Wait()
	if code := ask("10.0.0.1"); code != http.StatusOK {
		t.Errorf("after these answers: %d", code)
	}
}
