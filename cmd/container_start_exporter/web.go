package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/prometheus/exporter-toolkit/web"
)

// The bounds of what clients may take: whoever can reach the port can hold
// connections and ask for pages, but not keep others from being answered.
const (
	headerTimeout  = 5 * time.Second  // to send the header of a request
	requestTimeout = 10 * time.Second // to send all of it
	answerTimeout  = 30 * time.Second // to read the answer
	idleTimeout    = time.Minute      // between two requests
	maxHeader      = 64 << 10         // bytes
	maxConnections = 256
	maxPerPeer     = 32 // of these, by one address
	maxAnswers     = 16 // at once, of the metrics and of the page
	maxToPeer      = 4  // of these, to one address
)

// newWebServer returns a server whose clients cannot hold it.
func newWebServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler: handler, MaxHeaderBytes: maxHeader,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: requestTimeout, WriteTimeout: answerTimeout, IdleTimeout: idleTimeout,
	}
}

// bind listens where the flags say, before anything is loaded: a port that is in use
// is found at once. It returns none for an address of vsock, which only the toolkit
// can listen on.
func bind(flags *web.FlagConfig, log *slog.Logger) (listeners []net.Listener, err error) {
	if flags.WebSystemdSocket != nil && *flags.WebSystemdSocket {
		if listeners, err = activation.Listeners(); err == nil && len(listeners) == 0 {
			err = fmt.Errorf("--web.systemd-socket: systemd has passed no socket")
		}
		return limitAll(listeners, log), err
	}
	for _, address := range *flags.WebListenAddresses {
		if strings.HasPrefix(address, "vsock://") {
			closeListeners(listeners)
			return nil, nil
		}
		l, err := net.Listen("tcp", address)
		if errors.Is(err, syscall.EADDRINUSE) {
			err = fmt.Errorf("%w: choose another address with --web.listen-address", err)
		}
		if err != nil {
			closeListeners(listeners)
			return nil, err
		}
		listeners = append(listeners, l)
	}
	return limitAll(listeners, log), nil
}

func closeListeners(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close()
	}
}

// limitAll bounds the connections of all listeners together.
func limitAll(listeners []net.Listener, log *slog.Logger) (limited []net.Listener) {
	c := &connections{places: newPlaces(maxConnections, maxPerPeer), log: log}
	for _, l := range listeners {
		limited = append(limited, &limitedListener{l, c})
	}
	return limited
}

// places are what clients may have at once, in all and by the address of the peer.
type places struct {
	max, maxOfPeer int

	mu     sync.Mutex
	taken  int
	byPeer map[netip.Addr]int
}

func newPlaces(max, maxOfPeer int) *places {
	return &places{max: max, maxOfPeer: maxOfPeer, byPeer: map[netip.Addr]int{}}
}

// take takes a place; false if there is none.
func (p *places) take(peer netip.Addr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken >= p.max || p.byPeer[peer] >= p.maxOfPeer {
		return false
	}
	p.taken++
	p.byPeer[peer]++
	return true
}

func (p *places) giveBack(peer netip.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	if p.byPeer[peer]--; p.byPeer[peer] == 0 {
		delete(p.byPeer, peer)
	}
}

// limitAnswers lets handlers give only so many answers at once: to one address too, as a
// client that does not read holds an answer until it times out.
func limitAnswers() func(http.Handler) http.Handler {
	answers := newPlaces(maxAnswers, maxToPeer)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			peer := addressOf(r.RemoteAddr)
			if !answers.take(peer) {
				http.Error(w, "too many requests at once", http.StatusServiceUnavailable)
				return
			}
			defer answers.giveBack(peer)
			next.ServeHTTP(w, r)
		})
	}
}

// connections are those that are open.
type connections struct {
	*places
	log    *slog.Logger
	logged atomic.Int64 // when a refusal was last logged, in Unix seconds
}

// open counts a connection; false if there are too many.
func (c *connections) open(peer netip.Addr) bool {
	if c.take(peer) {
		return true
	}
	if now, last := time.Now().Unix(), c.logged.Load(); now-last > 60 && c.logged.CompareAndSwap(last, now) {
		c.log.Warn("Too many connections", "peer", peer, "most", c.max, "most_of_peer", c.maxOfPeer)
	}
	return false
}

// limitedListener closes connections that are too many at once.
type limitedListener struct {
	net.Listener
	connections *connections
}

// Accept returns the next connection that there is room for.
func (l *limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		peer := addressOf(conn.RemoteAddr().String())
		if l.connections.open(peer) {
			return &limitedConn{Conn: conn, release: sync.OnceFunc(func() { l.connections.giveBack(peer) })}, nil
		}
		_ = conn.Close()
	}
}

// addressOf returns the address in `address:port`; all that have none are one peer.
func addressOf(remote string) netip.Addr {
	address, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	return address.Addr().Unmap().WithZone("")
}

// limitedConn gives its place back when it is closed.
type limitedConn struct {
	net.Conn
	release func()
}

// Close closes the connection.
func (c *limitedConn) Close() error {
	c.release()
	return c.Conn.Close()
}
