package report

import "testing"

func TestPartition(t *testing.T) {
	whole := Start{Duration: 5, Phases: []Phase{{Name: "create", Duration: 2}, {Name: "init", Begin: 2, Duration: 3}}}
	if err := whole.Partition(); err != nil {
		t.Error(err)
	}
	for name, phases := range map[string][]Phase{
		"none":      nil,
		"gap":       {{Duration: 1}, {Begin: 2, Duration: 3}},
		"short":     {{Duration: 2}, {Begin: 2, Duration: 2}},
		"backwards": {{Duration: 6}, {Begin: 6, Duration: -1}},
	} {
		if (Start{Duration: 5, Phases: phases}).Partition() == nil {
			t.Errorf("%s: %v partition a start of 5 ns", name, phases)
		}
	}
}
