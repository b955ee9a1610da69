package host

import (
	"io"
	"net"
	"net/http"
	"testing"
)

// FreeAddress returns an address, 127.0.0.1:PORT, on which no process listens.
func FreeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// Answer returns the body that a URL answers with, or "" if it does not answer, or
// not with status 200.
func Answer(url string) string { return AnswerTo(http.DefaultClient, url) }

// AnswerTo is Answer to a client.
func AnswerTo(client *http.Client, url string) string {
	response, err := client.Get(url)
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}
