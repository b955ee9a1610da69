package main

import (
	"errors"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"

	"container_start_exporter/bpf"
	"container_start_exporter/collector"
	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/network"
	"container_start_exporter/collector/runtime"
)

// common holds the flags that several commands share. Each command adds those that
// apply to it.
type common struct {
	log          promslog.Config
	nested       bool
	startTimeout time.Duration
	readyTimeout time.Duration
	bufferSize   int // in bytes

	runtimes, shims []string // names of executables

	mechanism      string
	keepPrivileges bool
}

// addProbeFlags adds the flags of commands that attach the probes.
func (c *common) addProbeFlags(cmd *kingpin.CmdClause) {
	addFlag(cmd, "buffer-size", "2MiB", &c.bufferSize, parseBufferSize,
		"Size of the ring buffer between the kernel and the exporter, a power of two. Raise it if events are lost.")
	addFlag(cmd, "probe.mechanism", bpf.MechanismAuto, &c.mechanism, oneOf(bpf.Mechanisms...),
		"How to attach to kernel functions: auto (the cheapest that this kernel supports), fentry, kprobe, tracepoint.")
}

// addReadFlags adds the flags of commands that attach the probes and read events.
func (c *common) addReadFlags(cmd *kingpin.CmdClause) {
	c.addProbeFlags(cmd)
	c.addNames(cmd)
	cmd.Flag("privileges.keep", "Keep all capabilities. By default those that are no longer needed are dropped once the probes are attached.").
		BoolVar(&c.keepPrivileges)
}

// addNames adds the flags that add names of runtimes and shims.
func (c *common) addNames(cmd *kingpin.CmdClause) {
	addListFlag(cmd, "runtime.name", &c.runtimes, parseName,
		"Another name of an OCI runtime's executable, which is its label, too (in lower case, with dashes for dots). Needed only if the name says nothing and no shim or monitor executes it. Repeatable.")
	addListFlag(cmd, "shim.name", &c.shims, parseName,
		"Another name of a shim's or monitor's executable, whose command line is like that of containerd-shim-runc-v2 or conmon. Repeatable.")
}

// registerNames makes the names that were given known. It must be called before events are
// handled.
func (c *common) registerNames() error {
	var errs []error
	for _, name := range c.runtimes {
		errs = append(errs, runtime.Add(name))
	}
	for _, name := range c.shims {
		errs = append(errs, engine.AddShim(name))
	}
	return errors.Join(errs...)
}

// addNested adds --nested. The help begins with what the command does with the starts.
func (c *common) addNested(cmd *kingpin.CmdClause, show string) {
	cmd.Flag("nested", show+" nested starts, too: those of runtimes in containers (docker-in-docker). What they say of themselves is what any process of the container may claim.").
		BoolVar(&c.nested)
}

func (c *common) addStartTimeout(cmd *kingpin.CmdClause) {
	addFlag(cmd, "start-timeout", "10m", &c.startTimeout, parseStartTimeout,
		"Count a start as incomplete if it has neither succeeded nor failed after this time.")
}

func (c *common) addReadyTimeout(cmd *kingpin.CmdClause, help string) {
	addFlag(cmd, "ready-timeout", "1m", &c.readyTimeout, parseReadyTimeout, help)
}

func (c *common) config() collector.Config {
	config := collector.Config{StartTimeout: c.startTimeout, ReadyTimeout: c.readyTimeout}
	if c.readyTimeout == 0 {
		config.ReadyTimeout = -1
	}
	return config
}

// addWaitReady adds --wait-ready and --ready-timeout. It returns a function that
// returns how long to hold starts.
func (c *common) addWaitReady(cmd *kingpin.CmdClause) func() time.Duration {
	wait := cmd.Flag("wait-ready", "Report a start once its container listens (or --ready-timeout passes), with the time that took.").Bool()
	c.addReadyTimeout(cmd, "How long --wait-ready waits for the container to listen, counted from its start.")
	return func() time.Duration {
		if *wait {
			return c.readyTimeout
		}
		return 0
	}
}

func (c *common) probes() bpf.Options {
	return bpf.Options{
		Names:      engine.Executables(),
		Shims:      engine.Shims(),
		Runtimes:   runtime.Executables(),
		Plugins:    network.Plugins(),
		InitNames:  runtime.InitNames(),
		BufferSize: c.bufferSize,
		Mechanism:  c.mechanism,
	}
}

// The output formats.
const (
	formatText  = "text"
	formatTable = "table"
	formatJSON  = "json"
)

// addFormatFlag adds --format. The first format is the default.
func addFormatFlag(cmd *kingpin.CmdClause, to *string, help string, formats ...string) {
	addFlag(cmd, "format", formats[0], to, oneOf(formats...), help)
}
