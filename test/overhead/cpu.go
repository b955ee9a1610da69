package main

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// online is the number of CPUs that this process may run on when it starts. The
// loops run on the last one, everything else of ours on the first; on a machine
// with one CPU they share it.
var online = runtime.NumCPU()

const otherCPU = 0

func loopCPU() int { return online - 1 }

// pin pins all threads of this process to a CPU; the threads and processes that
// they create inherit it.
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
