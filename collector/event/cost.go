package event

import "encoding/json"

// Cost is what a thread or a process has cost, in nanoseconds: why something
// took as long as it did. The rest of the time it waited for something else.
//
// The kernel updates CPU at ticks and context switches: each thread may lack up
// to one tick (1 to 10 ms), and a process shorter than a tick may show 0.
type Cost struct {
	CPU      int64 // on a CPU: task_struct.se.sum_exec_runtime
	RunDelay int64 // run-queue delay, runnable without a CPU: sched_info.run_delay; -1 is not known
	BlockIO  int64 // block-I/O delay: delays.blkio_delay; -1 if kernel.task_delayacct is 0
}

// costJSON is the JSON form of a Cost. What is not known is absent.
type costJSON struct {
	CPU   int64  `json:"cpu_ns"`
	Queue *int64 `json:"run_delay_ns,omitempty"`
	IO    *int64 `json:"io_delay_ns,omitempty"`
}

// MarshalJSON writes a cost; what is not known is left out.
func (c Cost) MarshalJSON() ([]byte, error) {
	j := costJSON{CPU: c.CPU}
	if c.RunDelay >= 0 {
		j.Queue = &c.RunDelay
	}
	if c.BlockIO >= 0 {
		j.IO = &c.BlockIO
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads a cost; what is absent is not known (-1).
func (c *Cost) UnmarshalJSON(b []byte) error {
	j := costJSON{}
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*c = Cost{CPU: j.CPU, RunDelay: -1, BlockIO: -1}
	if j.Queue != nil {
		c.RunDelay = *j.Queue
	}
	if j.IO != nil {
		c.BlockIO = *j.IO
	}
	return nil
}

// Since returns c less before; nil if either is not known or if they cannot be of
// one process (a process's CPU time never decreases).
func (c *Cost) Since(before *Cost) *Cost {
	if c == nil || before == nil || c.CPU < before.CPU {
		return nil
	}
	return &Cost{CPU: c.CPU - before.CPU, RunDelay: difference(c.RunDelay, before.RunDelay), BlockIO: difference(c.BlockIO, before.BlockIO)}
}

// difference returns now less before; -1 if either is not known.
func difference(now, before int64) int64 {
	if before < 0 || now < before {
		return -1
	}
	return now - before
}
