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
	var done atomic.Int64
	err := repeat(workers, func() bool { return int(done.Load()) < n || wanted() }, func(i int) error {
		if err := round(i); err != nil {
			return err
		}
		done.Add(1)
		attacking()
		return nil
	})
	return int(done.Load()), err
}

// repeat calls do with 0, 1, ..., at once as often as there are workers, as long as
// more returns true and no call fails. It returns the last error.
func repeat(workers int, more func() bool, do func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for failed.Load() == nil && more() {
				if err := do(int(next.Add(1) - 1)); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	group.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// attacking says that the attack has begun, once.
var attacking = sync.OnceFunc(func() { fmt.Println("attacking") })
