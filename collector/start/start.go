package start

import (
	"slices"
	"time"

	"container_start_exporter/collector/event"
)

// FormatVersion is the version of the JSON form of a Start.
const FormatVersion = 1

// Outcome is how a start ended.
type Outcome string

// The outcomes of a start.
const (
	Started    Outcome = "started"    // the entrypoint was executed
	Failed     Outcome = "failed"     // it can no longer be executed
	Incomplete Outcome = "incomplete" // seen in part, with events lost, or timed out
)

// The kinds of containers that are started.
const (
	Container = "container"
	Sandbox   = "sandbox"
	Build     = "build"  // a step of a build: RUN in a Dockerfile
	Nested    = "nested" // whatever else it is: its runtime is in another pid namespace than the exporter
)

// What a record may lack: the values of Start.Degraded, with those of LacksPhase and
// LacksOperation.
const (
	DegradedBundle     = "bundle"     // the bundle was not read: name, image, kinds of OCI hooks, rootfs mount, kind
	DegradedOperations = "operations" // there were more operations than a record holds
	DegradedCgroup     = "cgroup"     // it was not seen when the cgroup was made, by a stranger (systemd): the phase is missing, or began earlier
	DegradedNetwork    = "network"    // there were more interfaces or requests than a record holds
	DegradedArguments  = "arguments"  // a program executed for it had more arguments or environment than is read: what they name

	// Because a kernel probe is not attached:
	DegradedFailure = "failure" // why it failed, if a program could not be executed
	DegradedReady   = "ready"   // when the container listens
	DegradedLineage = "lineage" // engines that started before the exporter, and what they did
)

// LacksPhase returns the value of Start.Degraded for a phase that cannot be seen, or
// only in part, because a kernel probe is not attached: its time is in the phase before.
func LacksPhase(name PhaseName) string { return "phase_" + string(name) }

// LacksOperation returns the value of Start.Degraded for operations that cannot be
// seen, or only some of them or in part, because a kernel probe is not attached.
func LacksOperation(name OperationName) string { return "operation_" + string(name) }

// Start is the record of one container start. Its JSON form is what `run`,
// `watch` and `replay` write with `--format json`. What is not known is absent.
type Start struct {
	Format      int     `json:"format"`          // FormatVersion of the record
	ContainerID string  `json:"container_id"`    // 64 hexadecimal digits, or free text (containerd, bare runtimes)
	Name        string  `json:"name,omitempty"`  // of the container, as its engine names it
	Image       string  `json:"image,omitempty"` // of the container, as its engine names it
	Engine      string  `json:"engine"`          // docker, containerd, cri, podman, cri-o, buildkit, none
	Runtime     string  `json:"runtime"`         // runc, crun, ...
	Kind        string  `json:"kind"`            // container, sandbox, build, nested
	Outcome     Outcome `json:"outcome"`         // started, failed, incomplete
	// FailedPhase is the phase in which a start failed.
	FailedPhase PhaseName `json:"failed_phase,omitempty"`
	// ErrorType is why a start failed, one of a fixed list.
	ErrorType ErrorType `json:"error_type,omitempty"`
	// Error says in one line why a start failed or is incomplete.
	Error string `json:"error,omitempty"`

	// Degraded are the parts that the record lacks, or has only in part: the Degraded
	// constants, phase_NAME and operation_NAME; absent if it is whole.
	Degraded []string `json:"degraded,omitempty"`

	// Begin is on the wall clock; Duration is measured on the boot clock.
	Begin    time.Time     `json:"begin"`
	Duration time.Duration `json:"duration_ns"`

	// Phases partition the start: each begins where the one before ends, and
	// the durations sum to Duration exactly.
	Phases []Phase `json:"phases"`
	// Operations may overlap each other and the bounds of the phases. They are in
	// the order in which they began.
	Operations []Operation `json:"operations,omitempty"`
	Counts     Counts      `json:"counts"` // how many of each belong to the start

	Namespaces event.Namespaces `json:"namespaces"`                // that the entrypoint is in
	Made       []string         `json:"namespaces_made,omitempty"` // types of those created for the start; it joined the others
	Veths      []Veth           `json:"veths,omitempty"`           // veth pairs created for the start
	Cgroup     *Cgroup          `json:"cgroup,omitempty"`          // the container's own
	Rootfs     *Rootfs          `json:"rootfs,omitempty"`          // as the engine mounts it
	Pod        *Pod             `json:"pod,omitempty"`             // of the container
	Security   *event.Security  `json:"security,omitempty"`        // what the bundle confines the entrypoint with
	// Lineage are the processes that the start went through: engine, shim or
	// monitor, runtime, init. A role that was not seen is absent.
	Lineage []Ancestor `json:"lineage,omitempty"`
	// PID is the entrypoint's (or the init's that died before), in the
	// exporter's pid namespace.
	PID int `json:"pid,omitempty"`
	// Ready is the time from the entrypoint to the container's first
	// listen(2); 0 is unknown.
	Ready time.Duration `json:"ready_ns,omitempty"`
	// TraceID is that of the start's trace, 32 hexadecimal digits. It is
	// derived from the start, so that every exporter on the host has the same
	// one.
	TraceID string `json:"trace_id"`
	// SpanID is that of the trace's root span, or of the start's span in the
	// engine's trace: 16 hexadecimal digits.
	SpanID string `json:"span_id"`
	// TraceParent is the W3C trace context in which the runtime or a CNI plugin
	// was executed: the trace is then the engine's own and continues here.
	TraceParent string `json:"traceparent,omitempty"`
}

// Counted returns whether a number of operations is known: 0 is not if some of them
// cannot be seen.
func (s *Start) Counted(n int, name OperationName) bool {
	return n > 0 || !slices.Contains(s.Degraded, LacksOperation(name))
}

// Cgroup is the container's own cgroup. Version is 1 or 2, or 0 on a hybrid
// host if the path is the same in the hierarchies of both.
type Cgroup struct {
	Path    string `json:"path"`
	Version int    `json:"version,omitempty"`
}

// Rootfs is the container's root file system, as the engine mounts it.
type Rootfs struct {
	Path   string `json:"path"`
	Type   string `json:"type,omitempty"`   // overlay, ...
	Layers int    `json:"layers,omitempty"` // lower directories of an overlay
}

// Pod is the pod of a container or a sandbox.
type Pod struct {
	Name      string `json:"name,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	UID       string `json:"uid,omitempty"`
	SandboxID string `json:"sandbox_id,omitempty"`
	// SandboxTraceID and SandboxSpanID are those of the sandbox's start, if it
	// was seen.
	SandboxTraceID string `json:"sandbox_trace_id,omitempty"`
	SandboxSpanID  string `json:"sandbox_span_id,omitempty"`
}

// Ancestor is one process of a start's lineage.
type Ancestor struct {
	Role string `json:"role"` // engine, shim, runtime, init
	Comm string `json:"comm,omitempty"`
	PID  int    `json:"pid"`
}

// Phase is one phase of a start. Begin is relative to the start's.
type Phase struct {
	Name     PhaseName     `json:"name"`
	Begin    time.Duration `json:"begin_ns"`
	Duration time.Duration `json:"duration_ns"`
}

// Operation is something that was done for a start. Begin is relative to the
// start's; Phase is the phase in which it began.
type Operation struct {
	Name       OperationName     `json:"name"`
	Phase      PhaseName         `json:"phase,omitempty"`
	Begin      time.Duration     `json:"begin_ns"`
	Duration   time.Duration     `json:"duration_ns"`
	Attributes map[string]string `json:"attributes,omitempty"`
	// Cost is that of the operation's process, if the operation is a process
	// that ended before the start did.
	Cost *event.Cost `json:"cost,omitempty"`
}

// OperationName is what an operation is: of low cardinality, a metric label.
type OperationName string

// The operations, and the attributes that each has.
const (
	OpRootfsMount OperationName = "rootfs_mount" // the engine's mount of the rootfs: source, target, type
	OpIDMap       OperationName = "idmap"        // the shim's id-mapped mounts of layers, first to last: count
	OpShim        OperationName = "shim"         // a shim or monitor, exec to exit of its first process: pid, exit_code
	OpWrapper     OperationName = "wrapper"      // a program that executes the runtime in its place, exec to exit or to the exec of that: program, command, pid, exit_code
	OpRuntime     OperationName = "runtime"      // a command of the runtime, exec to exit: runtime, command, pid, exit_code
	OpCgroup      OperationName = "cgroup"       // the first mkdir to the last attach: path
	OpNetns       OperationName = "netns"        // the call that created the network namespace: inode
	OpVeth        OperationName = "veth"         // the creation of a veth pair: host, container, address, rtnl_wait_ns
	OpMount       OperationName = "mount"        // a call by init that attaches a mount: source, target, type, error
	OpHook        OperationName = "hook"         // an OCI hook, exec to exit: hook (its name), kind, pid, exit_code
	OpPivotRoot   OperationName = "pivot_root"   // the call, or MS_MOVE and chroot
	OpCNI         OperationName = "cni"          // a CNI plugin's run: plugin, command, pid, exit_code
	OpNetavark    OperationName = "netavark"     // netavark's run: command, pid, exit_code
	OpPasta       OperationName = "pasta"        // pasta's run, until it has set up the network: pid, exit_code
	OpSlirp4netns OperationName = "slirp4netns"  // slirp4netns's run, until the last it is seen to do to set up: pid
	OpIptables    OperationName = "iptables"     // a run of iptables: program, rule, pid, exit_code
	OpProxy       OperationName = "proxy"        // docker-proxy or rootlessport, until the last it is seen to do to set up: program, port, pid
	OpLibnetwork  OperationName = "libnetwork"   // dockerd inside the network namespace: command, pid, exit_code
	OpNetwork     OperationName = "network"      // all that set up the network: begins with the first, lasts for the union
)

// Counts are how many of each belong to a start.
type Counts struct {
	Mounts       int `json:"mounts"`        // calls by init that attach a mount, failed ones included
	EngineMounts int `json:"engine_mounts"` // the same by the engine and the shim
	Execs        int `json:"execs"`         // programs executed for the start, the entrypoint included
	Namespaces   int `json:"namespaces"`    // created for the container
	Veths        int `json:"veths"`
}

// Veth is a veth pair that was created for a start.
type Veth struct {
	Host      string `json:"host,omitempty"`      // the name of the host's end
	Container string `json:"container,omitempty"` // the name of the container's end
	Address   string `json:"address,omitempty"`   // of the container's end, address/prefix
	// Waited is how long the request for it waited for the RTNL lock; 0 if
	// unknown.
	Waited time.Duration `json:"rtnl_wait_ns,omitempty"`
}
