package bpf

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"container_start_exporter/collector/event"
)

// services returns the environment of a pod with services, about so many bytes long.
func services(length int) (env []string) {
	for n := 0; length > 0; n++ {
		v := fmt.Sprintf("SERVICE_%d_PORT_8080_TCP_ADDR=10.96.%d.%d", n, n/250%250, n%250)
		env = append(env, v)
		length -= len(v) + 1
	}
	return env
}

// TestEnvironment executes programs with large environments: each wanted variable is
// reported whole, wherever it is.
func TestEnvironment(t *testing.T) {
	w := watch(t, "cse-long")
	plugin := []string{"CNI_COMMAND=ADD", "CNI_CONTAINERID=" + strings.Repeat("c", 64), "CNI_NETNS=/run/netns/x", "TRACEPARENT=00-x"}
	for name, env := range map[string][]string{
		"none":                    {},
		"21 KB, last":             append(services(21_000), plugin...),
		"100 KB, last":            append(services(100_000), plugin...),
		"1 MB, last":              append(services(1_000_000), plugin...),
		"100 KB, first":           append(slices.Clone(plugin), services(100_000)...),
		"100 KB, between":         slices.Concat(services(50_000), plugin, services(50_000)),
		"after one of 100 KB":     append([]string{"A=" + strings.Repeat("a", 100_000)}, plugin...),
		"look-alikes":             {"CNI_COMMANDS=x", "CNI_ARG=x", "XCNI_ARGS=x", "=CNI_ARGS=x", "CNI_ARGS", "", "CNI_ARGS="},
		"a long wanted one":       append([]string{"BAGGAGE=" + strings.Repeat("b", 8000)}, plugin...),
		"of the size of a read":   append([]string{"CNI_ARGS=" + strings.Repeat("c", int(4095-len("CNI_ARGS=")))}, plugin...),
		"a byte longer":           append([]string{"CNI_ARGS=" + strings.Repeat("c", int(4096-len("CNI_ARGS=")))}, plugin...),
		"others of a read's size": append([]string{"A=" + strings.Repeat("a", 4093), "A=" + strings.Repeat("a", 4094), "A=" + strings.Repeat("a", 8188)}, plugin...),
	} {
		t.Run(name, func(t *testing.T) {
			e, own := executeWith(t, w, env)
			if want := identifyingVariables([]byte(own)); e.Truncated || !slices.Equal(e.Env, want) {
				t.Errorf("truncated %t, %.200q, want %.200q", e.Truncated, e.Env, want)
			}
		})
	}
}

// TestEnvironmentAcrossPages moves a wanted variable byte by byte across the border of
// a page.
func TestEnvironmentAcrossPages(t *testing.T) {
	w := watch(t, "cse-long")
	for n := 4060; n < 4110; n++ {
		e, _ := executeWith(t, w, []string{"A=" + strings.Repeat("a", n), "CNI_COMMAND=ADD"})
		if e.Truncated || !slices.Equal(e.Env, []string{"CNI_COMMAND=ADD"}) {
			t.Errorf("after %d bytes: truncated %t, %q", n, e.Truncated, e.Env)
		}
	}
}

// TestEnvironmentCut executes programs whose environments are beyond the bounds:
// the record says so, and has only whole variables.
func TestEnvironmentCut(t *testing.T) {
	w := watch(t, "cse-long")
	before := w.Stats().Truncated[event.KindExec]
	var many []string
	for n := range 40_000 {
		many = append(many, strconv.Itoa(n)+"=")
	}
	if e, _ := executeWith(t, w, append(many, "CNI_COMMAND=ADD")); !e.Truncated || len(e.Env) > 0 {
		t.Errorf("of many strings: truncated %t, %.200q", e.Truncated, e.Env)
	}
	long := []string{"CNI_COMMAND=ADD", "BAGGAGE=" + strings.Repeat("b", 30_000), "CNI_NETNS=/run/netns/x"}
	if e, _ := executeWith(t, w, long); !e.Truncated || !slices.Equal(e.Env, long[:1]) {
		t.Errorf("of a long variable: truncated %t, %.200q", e.Truncated, e.Env)
	}
	if n := w.Stats().Truncated[event.KindExec] - before; n != 2 {
		t.Errorf("%d truncated execs counted, want 2", n)
	}
}

// TestLongArguments executes a program with more arguments than fit: those that do are
// whole, and the environment does not suffer.
func TestLongArguments(t *testing.T) {
	w := watch(t, "cse-long")
	env := append(services(100_000), "CNI_COMMAND=ADD")
	for name, c := range map[string]struct {
		args []string
		want int
	}{
		"one of 10 KB":   {[]string{strings.Repeat("x", 10_000)}, 4},
		"one of 100 KB":  {[]string{strings.Repeat("x", 100_000)}, 3},
		"100 KB in many": {slices.Repeat([]string{strings.Repeat("x", 999)}, 100), 3 + 12},
	} {
		t.Run(name, func(t *testing.T) {
			e, _ := executeWith(t, w, env, c.args...)
			if len(e.Args) != c.want || e.Truncated != (c.want < 3+len(c.args)) {
				t.Errorf("truncated %t, %d arguments, want %d", e.Truncated, len(e.Args), c.want)
			}
			if len(e.Args) >= 3 && !slices.Equal(e.Args[3:], c.args[:len(e.Args)-3]) {
				t.Error("the arguments are others")
			}
			if !slices.Equal(e.Env, []string{"CNI_COMMAND=ADD"}) {
				t.Errorf("environment: %q", e.Env)
			}
		})
	}
}

// executeWith executes a watched program in an environment and returns its event, and
// the environment as /proc/PID/environ has it.
func executeWith(t *testing.T, w *watcher, env []string, args ...string) (e *event.Event, own string) {
	t.Helper()
	sh := copyProgram(t, "/bin/dash", "cse-long")
	cmd := &exec.Cmd{Path: sh, Args: append([]string{sh, "-c", "echo; read line"}, args...), Env: env}
	if len(env) == 0 {
		cmd.Env = []string{}
	}
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = bufio.NewReader(out).ReadString('\n') // until it is executed, not only forked
	b, err := os.ReadFile("/proc/" + strconv.Itoa(cmd.Process.Pid) + "/environ")
	if err != nil {
		t.Error(err)
	}
	in.Close()
	_ = cmd.Wait()
	return w.one(event.KindExec, byPID(cmd.Process.Pid)), string(b)
}

// TestWantedVariables checks that the programs can recognise each variable.
func TestWantedVariables(t *testing.T) {
	if len(envNames) > wantedMax {
		t.Fatalf("%d variables, but the programs look for %d", len(envNames), wantedMax)
	}
	wanted := wantedVariables()
	for i, name := range envNames {
		if got := binary.LittleEndian.AppendUint64(nil, wanted[i]); !bytes.HasPrefix([]byte(name+"="), got) {
			t.Errorf("%s is recognised by %q", name, got)
		}
	}
}
