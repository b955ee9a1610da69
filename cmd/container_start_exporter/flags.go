package main

import (
	"time"

	"github.com/alecthomas/kingpin/v2"
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
	bufferSize   int // in bytes

	mechanism      string
	keepPrivileges bool
}

func (c *common) addFlags(app *kingpin.Application) {
	addFlag(app, "start-timeout", "10m", &c.startTimeout, parseStartTimeout,
		"Count a start as incomplete if it has neither succeeded nor failed after this time.")
	addFlag(app, "ready-timeout", "1m", &c.readyTimeout, parseReadyTimeout,
		"How long to wait after a start for the container's first listen(2); 0 means not at all.")
	addFlag(app, "buffer-size", "2MiB", &c.bufferSize, parseBufferSize,
		"Size of the ring buffer between the kernel and the exporter, a power of two. Raise it if events are lost.")
	addFlag(app, "probe.mechanism", bpf.MechanismAuto, &c.mechanism, oneOf(bpf.Mechanisms...),
		"How to attach to kernel functions: auto (the cheapest that this kernel supports), fentry, kprobe, tracepoint.")
	app.Flag("privileges.keep", "Keep all capabilities. By default those that are no longer needed are dropped once the probes are attached.").
		BoolVar(&c.keepPrivileges)
	promslogflag.AddFlags(app, &c.log)
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
