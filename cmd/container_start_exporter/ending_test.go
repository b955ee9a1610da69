package main

import (
	"syscall"
	"testing"
	"time"
)

func TestEnding(t *testing.T) {
	for _, tc := range []struct {
		end    ending
		code   int
		during string
	}{
		{ending{0, 437 * time.Millisecond}, 0, " in 0.4 s"},
		{ending{125 << 8, 437 * time.Millisecond}, 125, " in 0.4 s; docker exited with 125"},
		{ending{syscall.WaitStatus(syscall.SIGKILL), 61 * time.Second}, 137, " in 61.0 s; docker was killed by SIGKILL"},
		{ending{1 << 8, 42 * time.Millisecond}, 1, " in 42 ms; docker exited with 1"},
	} {
		if got := tc.end.during("/usr/bin/docker"); got != tc.during || tc.end.code() != tc.code {
			t.Errorf("%+v: %d, %q; want %d, %q", tc.end, tc.end.code(), got, tc.code, tc.during)
		}
	}
}
