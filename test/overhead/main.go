// Command overhead measures what the probes cost processes that have nothing to
// do with containers, and what a record costs. It needs root.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"golang.org/x/sys/unix"

	"container_start_exporter/bpf"
)

// self is this program, by whatever name it was executed.
const self = "/proc/self/exe"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "overhead:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) > 1 && os.Args[1] == workCommand {
		return work(os.Args[2:])
	}
	var o options
	app := kingpin.New("overhead", "Measures what the probes cost.")
	app.Flag("mechanism", "Mechanism to measure; by default each that the kernel allows.").EnumsVar(&o.mechanisms, bpf.Mechanisms[1:]...)
	app.Flag("rounds", "Rounds in which the loops are timed; 0 skips them.").Default("11").IntVar(&o.rounds)
	app.Flag("events", "Count the runs and the run time of the programs.").Default("true").BoolVar(&o.events)
	app.Flag("attachments", "Number of times to attach the probes and time it; 0 skips it.").Default("7").IntVar(&o.attachments)
	app.Flag("exporter", "Exporter whose time from exec to ready is measured.").ExistingFileVar(&o.exporter)
	format := app.Flag("format", "text or json.").Default("text").Enum("text", "json")
	file := app.Flag("report", "File to write the report to as JSON, in addition.").String()
	if _, err := app.Parse(os.Args[1:]); err != nil {
		return err
	}
	if len(o.mechanisms) == 0 {
		o.mechanisms = bpf.Mechanisms[1:]
	}
	r, err := o.measure()
	if err != nil {
		return err
	}
	if *file != "" {
		if err := r.save(*file); err != nil {
			return err
		}
	}
	if *format == "json" {
		return r.encode(os.Stdout)
	}
	return r.write(os.Stdout)
}

// options selects what is measured.
type options struct {
	mechanisms  []string
	rounds      int
	events      bool
	attachments int
	exporter    string
}

// Report is everything that was measured.
type Report struct {
	Kernel  string            `json:"kernel"`
	CPUs    int               `json:"cpus"`
	Without map[string]string `json:"without,omitempty"` // what is not measured, and why
	Rounds  int               `json:"rounds"`
	Times   []Time            `json:"times,omitempty"`
	Events  []*Events         `json:"events,omitempty"`
	Attach  []Attach          `json:"attach,omitempty"`
}

// measure times attaching first, before anything is pinned to a CPU.
func (o *options) measure() (*Report, error) {
	r := &Report{Kernel: kernel(), CPUs: online, Rounds: o.rounds, Without: map[string]string{}}
	without := func(what string, err error) { r.Without[what] = err.Error() }
	mechanisms, points := allowed(o.mechanisms, without)
	if len(mechanisms) == 0 {
		return nil, fmt.Errorf("no mechanism is allowed here: %v", r.Without)
	}
	if o.attachments > 0 {
		for _, m := range mechanisms {
			all, err := timeAttach(m, o.attachments, o.exporter)
			if err != nil {
				return nil, err
			}
			r.Attach = append(r.Attach, all...)
		}
	}
	if err := pin(otherCPU); err != nil {
		return nil, err
	}
	if o.rounds > 0 {
		all := configurations(mechanisms, points, without)
		quickest, err := rounds(o.rounds, all)
		if err != nil {
			return nil, err
		}
		r.Times = times(quickest, all)
	}
	if o.events {
		for _, m := range mechanisms {
			e, err := events(m, points[m])
			if err != nil {
				return nil, err
			}
			r.Events = append(r.Events, e)
		}
	}
	return r, nil
}

// configurations returns the baseline, the null programs and the exporter's of
// each mechanism, and bpftrace if it is installed.
func configurations(mechanisms []string, points map[string][]string, without func(string, error)) []configuration {
	all := []configuration{{baseline, func() (io.Closer, error) { return io.NopCloser(strings.NewReader("")), nil }}}
	for _, m := range mechanisms {
		all = append(all,
			configuration{"null " + m, func() (io.Closer, error) { return attachNulls(points[m]) }},
			configuration{"exporter " + m, func() (io.Closer, error) { return openExporter(m) }})
	}
	if _, err := exec.LookPath("bpftrace"); err != nil {
		without("bpftrace", err)
		return all
	}
	return append(all, configuration{"bpftrace", func() (io.Closer, error) { return startBPFtrace() }})
}

// progress prints on standard error what is being done.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "overhead: "+format+"\n", args...)
}

func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err.Error()
	}
	return unix.ByteSliceToString(u.Release[:]) + " " + runtime.GOARCH
}

func copyFile(to, from string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}
