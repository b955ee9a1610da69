package event

import (
	"encoding/json"
	"testing"
)

func TestCostSince(t *testing.T) {
	before := &Cost{CPU: 10, RunDelay: 5, BlockIO: 1}
	for _, test := range []struct {
		c, before, want *Cost
	}{
		{&Cost{CPU: 30, RunDelay: 6, BlockIO: 4}, before, &Cost{CPU: 20, RunDelay: 1, BlockIO: 3}},
		{&Cost{CPU: 30, RunDelay: 6, BlockIO: -1}, before, &Cost{CPU: 20, RunDelay: 1, BlockIO: -1}},
		{&Cost{CPU: 3, RunDelay: 6}, before, nil}, // not the same process
		{nil, before, nil},
		{before, nil, nil},
	} {
		got := test.c.Since(test.before)
		if (got == nil) != (test.want == nil) || got != nil && *got != *test.want {
			t.Errorf("%+v since %+v: got %+v, want %+v", test.c, test.before, got, test.want)
		}
	}
}

func TestCostJSON(t *testing.T) {
	for c, want := range map[Cost]string{
		{CPU: 1, RunDelay: 2, BlockIO: 0}:  `{"cpu_ns":1,"run_delay_ns":2,"io_delay_ns":0}`,
		{CPU: 1, RunDelay: 2, BlockIO: -1}: `{"cpu_ns":1,"run_delay_ns":2}`,
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
