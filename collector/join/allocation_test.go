package join

import "testing"

// TestAllocations bounds how often the table allocates for what happens to each event of
// an engine.
func TestAllocations(t *testing.T) {
	var log []string
	table := New[*start](100, 1000)
	one := &start{name: "one"}
	known, unknown := []Key{Netns(1)}, []Key{Path(1, "/m"), Interface(1, 2)}
	table.Own(one, 1, known...)
	now := int64(1)
	for _, c := range []struct {
		name        string
		do          func()
		allocations float64
	}{
		{"an event whose owner is known", func() { table.Wait(waiter{"a", now, &log}, now, known) }, 2},
		{"an event that waits in vain", func() { table.Wait(waiter{"a", now, &log}, now, unknown); table.Advance(now) }, 6},
		{"a key that is owned again", func() { table.Own(one, now, known...) }, 0},
		{"a start with two keys", func() { two := &start{name: "two"}; table.Own(two, now, unknown...); table.Release(two) }, 5},
		{"a retirement", func() { table.Retire(Netns(2), now) }, 0},
	} {
		got := testing.AllocsPerRun(1000, func() {
			now += 200
			c.do()
			log = log[:0]
		})
		t.Logf("%s: %v", c.name, got)
		if got > c.allocations {
			t.Errorf("%s: %v allocations, at most %v", c.name, got, c.allocations)
		}
	}
}
