package collector

import "encoding/json"

// Cost is what a thread or a process has cost, in nanoseconds: why something
// took as long as it did. What is none of these was spent waiting for others.
//
// The kernel brings CPU up to date at ticks and switches: each thread may lack
// up to one tick (1 to 10 ms), and a program that lives for less may show 0.
type Cost struct {
	CPU   int64 // on a CPU: task_struct.se.sum_exec_runtime
	Queue int64 // runnable, waiting for a CPU: sched_info.run_delay; -1 is not known
	IO    int64 // waiting for block I/O: delays.blkio_delay; -1 where kernel.task_delayacct is 0
}

// costJSON is a Cost in JSON: what is not known is absent.
type costJSON struct {
	CPU   int64  `json:"cpu_ns"`
	Queue *int64 `json:"run_delay_ns,omitempty"`
	IO    *int64 `json:"io_delay_ns,omitempty"`
}

// MarshalJSON writes a cost, without what is not known.
func (c Cost) MarshalJSON() ([]byte, error) {
	j := costJSON{CPU: c.CPU}
	if c.Queue >= 0 {
		j.Queue = &c.Queue
	}
	if c.IO >= 0 {
		j.IO = &c.IO
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads a cost.
func (c *Cost) UnmarshalJSON(b []byte) error {
	j := costJSON{}
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*c = Cost{CPU: j.CPU, Queue: -1, IO: -1}
	if j.Queue != nil {
		c.Queue = *j.Queue
	}
	if j.IO != nil {
		c.IO = *j.IO
	}
	return nil
}

// since is what was added to the cost since before; nil where either is not
// known, or where they cannot be of one process.
func (c *Cost) since(before *Cost) *Cost {
	if c == nil || before == nil || c.CPU < before.CPU {
		return nil
	}
	return &Cost{CPU: c.CPU - before.CPU, Queue: difference(c.Queue, before.Queue), IO: difference(c.IO, before.IO)}
}

// added is what was added to a time; -1 where either is not known.
func difference(now, before int64) int64 {
	if before < 0 || now < before {
		return -1
	}
	return now - before
}
