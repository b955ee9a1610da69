package event_test

import (
	"fmt"
	"strings"

	"container_start_exporter/collector/event"
)

// Read passes each event of a recording to a function, and an error names the line
// that is not an event.
func ExampleRead() {
	recording := strings.NewReader(`{"time":1000,"kind":"clock","wall":1795810132000000000,"format":1}
{"time":5000,"kind":"exec","pid":17,"born":4000,"comm":"runc","file":"/usr/sbin/runc","args":["runc","run","web"]}
{"time":9000,"kind":"mount","pid":18,"born":6000,"comm":"runc:[2:INIT]","source":"proc","target":"/proc","duration":2000}
{"time":9500,"kind":""}
`)
	err := event.Read(recording, func(e *event.Event) {
		switch e.Kind {
		case event.KindExec:
			fmt.Println(e.PID, "executed", e.Args)
		case event.KindMount:
			fmt.Println(e.PID, "mounted on", e.ResolvedTarget(), "from", e.Began(), "to", e.Time)
		}
	})
	fmt.Println(err)
	// Output:
	// 17 executed [runc run web]
	// 18 mounted on /proc from 7000 to 9000
	// line 4: not an event: it has no kind
}
