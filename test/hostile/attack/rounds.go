package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

// inputEnded is closed when the input ends: nobody needs the attack any longer.
var inputEnded = sync.OnceValue(func() <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	return ended
})

func wanted() bool {
	select {
	case <-inputEnded():
		return false
	default:
		return true
	}
}

// rounds calls round, at once as often as there are workers, until that is done n
// times and the attack is no longer wanted. It returns how often it was done.
func rounds(n, workers int, round func(i int) error) (int, error) {
	var next, done atomic.Int64
	var failed atomic.Pointer[error]
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for failed.Load() == nil && (int(done.Load()) < n || wanted()) {
				if err := round(int(next.Add(1) - 1)); err != nil {
					failed.Store(&err)
					return
				}
				if done.Add(1) == 1 {
					attacking()
				}
			}
		})
	}
	group.Wait()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return int(done.Load()), nil
}

// attacking says that the attack has begun.
func attacking() { fmt.Println("attacking") }
