// Command overhead measures what the probes cost those who have nothing to do
// with containers, and what a record costs. It needs root.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"golang.org/x/sys/unix"
)

// self is this program, also where it was executed by another name.
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
	app := kingpin.New("overhead", "Measures what the probes cost.")
	n := app.Flag("rounds", "Rounds in which the loops are timed; 0 times none.").Default("15").Int()
	count := app.Flag("events", "Count the run times of the programs.").Default("true").Bool()
	attachments := app.Flag("attachments", "Times that the probes are attached; 0 takes no time of it.").Default("7").Int()
	binary := app.Flag("exporter", "Exporter whose time to be ready is taken.").ExistingFile()
	format := app.Flag("format", "text or json.").Default("text").Enum("text", "json")
	if _, err := app.Parse(os.Args[1:]); err != nil {
		return err
	}
	if err := pin(otherCPU); err != nil {
		return err
	}
	r, err := measure(*n, *count, *attachments, *binary)
	if err != nil {
		return err
	}
	if *format == "json" {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(r)
	}
	return r.write(os.Stdout)
}

// Report is all that was measured.
type Report struct {
	Kernel  string            `json:"kernel"`
	CPUs    int               `json:"cpus"`
	Without map[string]string `json:"without,omitempty"` // what is not measured, and why
	Rounds  int               `json:"rounds"`
	Times   []Time            `json:"times,omitempty"`
	Events  []*Events         `json:"events,omitempty"`
	Attach  []Attach          `json:"attach,omitempty"`
}

func measure(n int, count bool, attachments int, binary string) (*Report, error) {
	r := &Report{Kernel: kernel(), CPUs: online, Rounds: n, Without: map[string]string{}}
	without := func(what string, err error) { r.Without[what] = err.Error() }
	mechanisms, points := mechanisms(without)
	if len(mechanisms) == 0 {
		return nil, fmt.Errorf("no mechanism: %v", r.Without)
	}
	if n > 0 {
		all := configurations(mechanisms, points, without)
		quickest, err := rounds(n, all)
		if err != nil {
			return nil, err
		}
		r.Times = times(quickest, all)
	}
	for _, m := range mechanisms {
		if count {
			e, err := events(m, points[m])
			if err != nil {
				return nil, err
			}
			r.Events = append(r.Events, e)
		}
		if err := r.attach(m, attachments, binary); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *Report) attach(mechanism string, times int, binary string) error {
	if times == 0 {
		return nil
	}
	a, err := attach(mechanism, "probes opened", times, open(mechanism))
	if err != nil {
		return err
	}
	r.Attach = append(r.Attach, a)
	if binary == "" {
		return nil
	}
	a, err = attach(mechanism, "exec to ready", times, serveUntilReady(binary, mechanism))
	r.Attach = append(r.Attach, a)
	return err
}

// configurations are nothing, the null programs and the exporter's of each
// mechanism, and bpftrace where it is installed.
func configurations(mechanisms []string, points map[string][]string, without func(string, error)) []configuration {
	all := []configuration{{nothingAttached, func() (io.Closer, error) { return io.NopCloser(strings.NewReader("")), nil }}}
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
