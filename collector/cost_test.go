package collector

import (
	"encoding/json"
	"testing"
)

func TestCostSince(t *testing.T) {
	before := &Cost{CPU: 10, Queue: 5, IO: 1}
	for _, test := range []struct {
		c, before, want *Cost
	}{
		{&Cost{CPU: 30, Queue: 6, IO: 4}, before, &Cost{CPU: 20, Queue: 1, IO: 3}},
		{&Cost{CPU: 30, Queue: 6, IO: -1}, before, &Cost{CPU: 20, Queue: 1, IO: -1}},
		{&Cost{CPU: 3, Queue: 6}, before, nil}, // not the same process
		{nil, before, nil},
		{before, nil, nil},
	} {
		got := test.c.since(test.before)
		if (got == nil) != (test.want == nil) || got != nil && *got != *test.want {
			t.Errorf("%+v since %+v: got %+v, want %+v", test.c, test.before, got, test.want)
		}
	}
}

func TestCostJSON(t *testing.T) {
	for c, want := range map[Cost]string{
		{CPU: 1, Queue: 2, IO: 0}:  `{"cpu_ns":1,"run_delay_ns":2,"io_delay_ns":0}`,
		{CPU: 1, Queue: 2, IO: -1}: `{"cpu_ns":1,"run_delay_ns":2}`,
	} {
		b, err := json.Marshal(c)
		if err != nil || string(b) != want {
			t.Errorf("%+v becomes %s, %v", c, b, err)
		}
		var back Cost
		if err := json.Unmarshal(b, &back); err != nil || back != c {
			t.Errorf("%s becomes %+v, %v", b, back, err)
		}
	}
}
