package kubelet

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

// get returns what a URL answers on the node, "" if nothing does, or not with status 200.
func (n *node) get(url string) string {
	return host.AnswerTo(&http.Client{Transport: &http.Transport{DialContext: n.dial, DisableKeepAlives: true}}, url)
}

// dial connects to an address in the node's network namespace: a socket stays in that in which
// it was made.
func (n *node) dial(ctx context.Context, network, address string) (net.Conn, error) {
	runtime.LockOSThread()
	before, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return nil, err
	}
	defer before.Close()
	inside, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", n.pid))
	if err != nil {
		return nil, err
	}
	defer inside.Close()
	if err := unix.Setns(int(inside.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, err
	}
	connection, err := new(net.Dialer).DialContext(ctx, network, address)
	if back := unix.Setns(int(before.Fd()), unix.CLONE_NEWNET); back != nil {
		return nil, back // the thread stays locked, and ends with its goroutine
	}
	runtime.UnlockOSThread()
	return connection, err
}

// scrape returns metrics of a daemon on the node.
func (n *node) scrape(t *testing.T, url string) scrape.Metrics {
	t.Helper()
	m, err := scrape.Parse(strings.NewReader(n.get(url)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}
