package main

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// online is how many CPUs this process may run on when it begins. The loops
// have the last, everything else of ours the first: of one CPU both have that.
var online = runtime.NumCPU()

const otherCPU = 0

func loopCPU() int { return online - 1 }

// pin pins all threads that there are, and with them what they will make.
func pin(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	threads, err := filepath.Glob("/proc/self/task/*")
	if err != nil {
		return err
	}
	for _, t := range threads {
		tid, err := strconv.Atoi(filepath.Base(t))
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(tid, &set); err != nil && err != unix.ESRCH { // it may have ended meanwhile
			return fmt.Errorf("pin thread %d to CPU %d: %w", tid, cpu, err)
		}
	}
	return nil
}
