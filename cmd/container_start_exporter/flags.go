package main

import (
	"fmt"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/alecthomas/units"
	"github.com/prometheus/common/promslog"
	promslogflag "github.com/prometheus/common/promslog/flag"

	"container_start_exporter/bpf"
	"container_start_exporter/collector"
	"container_start_exporter/collector/engine"
	"container_start_exporter/collector/runtime"
)

// common are the flags of all commands.
type common struct {
	log          promslog.Config
	startTimeout time.Duration
	readyTimeout time.Duration
	bufferSize   units.Base2Bytes

	mechanism      string
	keepPrivileges bool
}

func (c *common) addFlags(app *kingpin.Application) {
	app.Flag("start-timeout", "Time after which a start that has neither ended nor failed counts as incomplete.").
		Default("10m").DurationVar(&c.startTimeout)
	app.Flag("ready-timeout", "How long after its start a container's first listen(2) is waited for; 0: not at all.").
		Default("1m").DurationVar(&c.readyTimeout)
	app.Flag("buffer-size", "Size of the buffer between the kernel and the exporter, a power of two. Larger where events are lost.").
		Default("2MiB").BytesVar(&c.bufferSize)
	app.Flag("probe.mechanism", "How the kernel's functions are probed: auto (what the kernel takes, the cheapest first), fentry, kprobe, tracepoint.").
		Default(bpf.MechanismAuto).EnumVar(&c.mechanism, bpf.Mechanisms...)
	app.Flag("privileges.keep", "Keep all capabilities, rather than drop those that nothing needs once the probes are attached.").
		BoolVar(&c.keepPrivileges)
	promslogflag.AddFlags(app, &c.log)
	app.Validate(func(*kingpin.Application) error { return c.validate() })
}

// smallestBuffer has room for the longest record and some more.
const smallestBuffer = 64 << 10

// validate tells of flags that would be refused only when much has been done.
func (c *common) validate() error {
	if size := c.bufferSize; size < smallestBuffer || size > 1<<30 || size&(size-1) != 0 {
		return fmt.Errorf("--buffer-size=%v: must be a power of two from 64KiB to 1GiB", size)
	}
	if c.startTimeout <= 0 {
		return fmt.Errorf("--start-timeout=%v: must be more than 0", c.startTimeout)
	}
	if c.readyTimeout < 0 {
		return fmt.Errorf("--ready-timeout=%v: must not be less than 0", c.readyTimeout)
	}
	return nil
}

func (c *common) config() collector.Config {
	config := collector.Config{StartTimeout: c.startTimeout, ReadyTimeout: c.readyTimeout}
	if c.readyTimeout == 0 {
		config.ReadyTimeout = -1
	}
	return config
}

// waitFlag adds --wait-ready, and returns how long starts are to be held back.
func (c *common) waitFlag(cmd *kingpin.CmdClause) func() time.Duration {
	wait := cmd.Flag("wait-ready", "Tell of a start only when its container listens, or --ready-timeout is over: with how long that took.").Bool()
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
		Runtimes:   runtime.Executables(),
		InitNames:  runtime.InitNames(),
		BufferSize: int(c.bufferSize),
		Mechanism:  c.mechanism,
	}
}

// The formats of what is written.
const (
	formatText  = "text"
	formatTable = "table"
	formatJSON  = "json"
)

// formatFlag adds --format, of which the first is the default.
func formatFlag(cmd *kingpin.CmdClause, help string, formats ...string) *string {
	return cmd.Flag("format", help).Default(formats[0]).Enum(formats...)
}
