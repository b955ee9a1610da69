package collector_test

import (
	"fmt"
	"os"

	"container_start_exporter/collector"
	"container_start_exporter/collector/event"
	"container_start_exporter/collector/start"
)

// printer is a StartObserver that prints each start with its phases.
type printer struct{}

func (printer) Start(s *start.Start) {
	fmt.Println(s.Name, s.Image, s.Outcome, s.Duration)
	for _, p := range s.Phases {
		fmt.Println(" ", p.Name, p.Duration)
	}
}

func (printer) Ready(s *start.Start) { fmt.Println(s.Name, "listens after", s.Ready) }

// An Assembler turns the events of a recording into starts, and reports each to an
// observer. Events of bpf.Probes go through it in the same way.
func ExampleAssembler() {
	recording, err := os.Open("testdata/docker20-runc.events.jsonl")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer recording.Close()
	a := collector.New(collector.Config{}, printer{}, nil)
	if err := event.Read(recording, a.Handle); err != nil {
		fmt.Println(err)
		return
	}
	a.Close()
	// Output:
	// web busybox:local started 241.152456ms
	//   prepare 35.927574ms
	//   shim 12.830968ms
	//   create 7.727537ms
	//   cgroup 11.880241ms
	//   namespaces 6.936142ms
	//   rootfs 3.946112ms
	//   hooks 121.70176ms
	//   init 22.511496ms
	//   wait 6.330082ms
	//   start 11.360544ms
}

// counter is a NodeObserver that counts what is not a start: here the commands of
// runtimes.
type counter map[string]int

func (c counter) NodeFact(f collector.Fact) {
	if command, ok := f.(collector.Command); ok {
		c[command.Runtime+" "+command.Name]++
	}
}

// A NodeObserver receives facts that are not starts, such as the commands of a
// runtime. An observer of starts is not needed for that.
func ExampleNodeObserver() {
	recording, err := os.Open("testdata/docker20-runc.events.jsonl")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer recording.Close()
	commands := counter{}
	a := collector.New(collector.Config{}, nil, commands)
	if err := event.Read(recording, a.Handle); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(commands)
	fmt.Println("starts in progress:", a.Stats().InProgress)
	// Output:
	// map[runc create:1 runc delete:2 runc start:1]
	// starts in progress: 0
}
