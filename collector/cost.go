package collector

import "encoding/json"

// Cost is what a thread or a process has cost, in nanoseconds: why something
// took as long as it did. What is neither of them was spent waiting for others.
type Cost struct {
	CPU   int64 // on a CPU: task_struct.se.sum_exec_runtime
	Queue int64 // runnable, waiting for a CPU: sched_info.run_delay
	IO    int64 // waiting for block I/O: delays.blkio_delay; -1 where kernel.task_delayacct is 0
}

// costJSON is a Cost in JSON: what is not known is absent.
type costJSON struct {
	CPU   int64  `json:"cpu_ns"`
	Queue int64  `json:"run_delay_ns"`
	IO    *int64 `json:"io_delay_ns,omitempty"`
}

// MarshalJSON writes a cost, without what is not known.
func (c Cost) MarshalJSON() ([]byte, error) {
	j := costJSON{CPU: c.CPU, Queue: c.Queue}
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
	*c = Cost{CPU: j.CPU, Queue: j.Queue, IO: -1}
	if j.IO != nil {
		c.IO = *j.IO
	}
	return nil
}

// since is what was added to the cost since before; nil where either is not
// known, or where they cannot be of one process.
func (c *Cost) since(before *Cost) *Cost {
	if c == nil || before == nil || c.CPU < before.CPU || c.Queue < before.Queue {
		return nil
	}
	d := &Cost{CPU: c.CPU - before.CPU, Queue: c.Queue - before.Queue, IO: -1}
	if before.IO >= 0 && c.IO >= before.IO {
		d.IO = c.IO - before.IO
	}
	return d
}
