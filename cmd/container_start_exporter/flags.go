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

// common holds the flags that several commands share.
type common struct {
	log          promslog.Config
	startTimeout time.Duration
	readyTimeout time.Duration
	bufferSize   units.Base2Bytes

	mechanism      string
	keepPrivileges bool
}

func (c *common) addFlags(app *kingpin.Application) {
	app.Flag("start-timeout", "Count a start as incomplete if it has neither succeeded nor failed after this time.").
		Default("10m").DurationVar(&c.startTimeout)
	app.Flag("ready-timeout", "How long to wait after a start for the container's first listen(2); 0 means not at all.").
		Default("1m").DurationVar(&c.readyTimeout)
	app.Flag("buffer-size", "Size of the ring buffer between the kernel and the exporter, a power of two. Raise it if events are lost.").
		Default("2MiB").BytesVar(&c.bufferSize)
	app.Flag("probe.mechanism", "How to attach to kernel functions: auto (the cheapest that this kernel supports), fentry, kprobe, tracepoint.").
		Default(bpf.MechanismAuto).EnumVar(&c.mechanism, bpf.Mechanisms...)
	app.Flag("privileges.keep", "Keep all capabilities. By default those that are no longer needed are dropped once the probes are attached.").
		BoolVar(&c.keepPrivileges)
	promslogflag.AddFlags(app, &c.log)
	app.Validate(func(*kingpin.Application) error { return c.validate() })
}

// minBufferSize, in bytes, has room for more than the longest record.
const minBufferSize = 64 << 10

// validate checks flags that would otherwise be refused only after the programs
// are loaded.
func (c *common) validate() error {
	if size := c.bufferSize; size < minBufferSize || size > 1<<30 || size&(size-1) != 0 {
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

// waitReadyFlag adds --wait-ready. It returns a function that returns how long to
// hold starts.
func (c *common) waitReadyFlag(cmd *kingpin.CmdClause) func() time.Duration {
	wait := cmd.Flag("wait-ready", "Report a start once its container listens (or --ready-timeout passes), with the time that took.").Bool()
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
		BufferSize: int(c.bufferSize),
		Mechanism:  c.mechanism,
	}
}

// The output formats.
const (
	formatText  = "text"
	formatTable = "table"
	formatJSON  = "json"
)

// formatFlag adds --format. The first format is the default.
func formatFlag(cmd *kingpin.CmdClause, help string, formats ...string) *string {
	return cmd.Flag("format", help).Default(formats[0]).Enum(formats...)
}
