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
	maxScrapes     = 8  // at once
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
	c := &connections{byPeer: map[netip.Addr]int{}, log: log}
	for _, l := range listeners {
		limited = append(limited, &limitedListener{l, c})
	}
	return limited
}

// connections are those that are open, by the address of the peer.
type connections struct {
	mu     sync.Mutex
	total  int
	byPeer map[netip.Addr]int
	log    *slog.Logger
	logged time.Time // when a refusal was last logged
}

// open counts a connection; false if there are too many.
func (c *connections) open(peer netip.Addr) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.total < maxConnections && c.byPeer[peer] < maxPerPeer {
		c.total++
		c.byPeer[peer]++
		return true
	}
	if now := time.Now(); now.Sub(c.logged) > time.Minute {
		c.logged = now
		c.log.Warn("Too many connections", "peer", peer, "of_peer", c.byPeer[peer], "total", c.total)
	}
	return false
}

func (c *connections) close(peer netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total--
	if c.byPeer[peer]--; c.byPeer[peer] == 0 {
		delete(c.byPeer, peer)
	}
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
		peer := peerOf(conn)
		if l.connections.open(peer) {
			return &limitedConn{Conn: conn, release: sync.OnceFunc(func() { l.connections.close(peer) })}, nil
		}
		_ = conn.Close()
	}
}

// peerOf returns the address of a peer; all that have none are one peer.
func peerOf(conn net.Conn) netip.Addr {
	address, err := netip.ParseAddrPort(conn.RemoteAddr().String())
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
