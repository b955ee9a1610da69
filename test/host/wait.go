package host

import (
	"testing"
	"time"
)

// pollInterval is the time between two looks at a condition.
const pollInterval = 5 * time.Millisecond

// WaitFor polls until condition is true. If that takes longer than timeout, it
// fails the test with what it waited for and, unless explain is nil, the text that
// explain returns.
func WaitFor(t testing.TB, timeout time.Duration, what string, condition func() bool, explain func() string) {
	t.Helper()
	for deadline := time.Now().Add(timeout); !condition(); time.Sleep(pollInterval) {
		if time.Now().After(deadline) {
			why := ""
			if explain != nil {
				why = explain()
			}
			t.Fatalf("waited %v in vain for %s\n%s", timeout, what, why)
		}
	}
}
