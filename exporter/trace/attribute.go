package trace

import (
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"container_start_exporter/collector/start"
)

// The keys of attributes that OpenTelemetry's semantic conventions do not define.
// Attributes says what they are.
const (
	keyEngine       attribute.Key = "container_start.engine"
	keyRuntime      attribute.Key = "container_start.runtime"
	keyKind         attribute.Key = "container_start.kind"
	keyOutcome      attribute.Key = "container_start.outcome"
	keyFailedPhase  attribute.Key = "container_start.failed_phase"
	keyError        attribute.Key = "container_start.error"
	keyDegraded     attribute.Key = "container_start.degraded"
	keyReady        attribute.Key = "container_start.ready_seconds"
	keyMounts       attribute.Key = "container_start.mounts"
	keyEngineMounts attribute.Key = "container_start.engine_mounts"
	keyExecs        attribute.Key = "container_start.execs"
	keyNamespaces   attribute.Key = "container_start.namespaces"
	keyVeths        attribute.Key = "container_start.veths"
	keyCgroupPath   attribute.Key = "container_start.cgroup.path"
	keyRootfsPath   attribute.Key = "container_start.rootfs.path"
	keyRootfsType   attribute.Key = "container_start.rootfs.type"
	keyRootfsLayers attribute.Key = "container_start.rootfs.layers"
	keyAddresses    attribute.Key = "container_start.addresses"

	keyPhase attribute.Key = "container_start.phase"

	keyOperationName     attribute.Key = prefixOperation + "name"
	keyOperationDuration attribute.Key = prefixOperation + "duration"
	keyOperationCut      attribute.Key = prefixOperation + "cut"
	keyCPU               attribute.Key = "container_start.cpu_seconds"
	keyRunDelay          attribute.Key = "container_start.run_delay_seconds"
	keyIODelay           attribute.Key = "container_start.io_delay_seconds"
)

// The beginnings of keys that end in a type of namespace, or in an operation's
// own name of an attribute.
const (
	prefixNamespace = "container_start.namespace."
	prefixOperation = "container_start.operation."
)

// Attribute is an attribute of spans.
type Attribute struct {
	Key         string // TYPE and NAME stand for one of several words
	Description string // what it is, with its unit
}

// Attributes returns all attributes that spans have: those of a trace's root,
// then those of phases, then those of operations. The span up to the first listen
// has the container's id and name. What is not known is absent.
func Attributes() []Attribute {
	return []Attribute{
		{string(semconv.ContainerIDKey), "id of the container"},
		{string(semconv.ContainerNameKey), "name of the container"},
		{string(semconv.ContainerImageNameKey), "image of the container, as the engine names it"},
		{string(semconv.ContainerRuntimeNameKey), "what manages the container: docker, containerd, podman, cri-o or buildkit, or the OCI runtime if there is no engine"},
		{string(semconv.K8SPodNameKey), "name of the pod"},
		{string(semconv.K8SPodUIDKey), "UID of the pod"},
		{string(semconv.K8SNamespaceNameKey), "Kubernetes namespace of the pod"},
		{string(semconv.K8SContainerNameKey), "name of the container in its pod; a sandbox has none"},
		{string(keyEngine), "docker, containerd, cri, podman, cri-o, buildkit, none or other"},
		{string(keyRuntime), "OCI runtime: runc, crun, ... or other"},
		{string(keyKind), "container, sandbox, build or nested"},
		{string(keyOutcome), "started, failed or incomplete"},
		{string(keyFailedPhase), "phase in which the start failed"},
		{string(keyError), "why the start failed or is incomplete, in one line"},
		{string(keyDegraded), "what the start's record lacks or has only in part: see degraded in start.schema.json"},
		{string(keyReady), "time from the exec of the entrypoint to the first listen(2), in seconds"},
		{string(keyMounts), "number of calls by the container's init that attach a mount, failed ones included"},
		{string(keyEngineMounts), "number of such calls by the engine and its shim"},
		{string(keyExecs), "number of programs executed for the start, the entrypoint included"},
		{string(keyNamespaces), "number of namespaces created for the container"},
		{string(keyVeths), "number of veth pairs created for the container"},
		{string(keyCgroupPath), "path of the container's cgroup in its hierarchy"},
		{string(keyRootfsPath), "path of the container's rootfs on the host"},
		{string(keyRootfsType), "file system type of the rootfs: overlay, ..."},
		{string(keyRootfsLayers), "number of lower directories of an overlay rootfs"},
		{prefixNamespace + "TYPE", "inode number of the container's namespace of a type: mnt, uts, ipc, pid, net, cgroup, user or time"},
		{string(keyAddresses), "addresses of the container's ends of its veth pairs: address/prefix"},
		{string(semconv.ErrorTypeKey), "why the start failed, one of a fixed list, on the root and on the phase; of an operation, " + exitCodeError},

		{string(keyPhase), "the phase that the span is"},

		{string(keyOperationName), "what the operation is: hook, veth, ..."},
		{prefixOperation + "NAME", "an attribute of the operation's record, as text; " + start.AttrPID + " and " + start.AttrExitCode + " have keys of their own"},
		{string(keyOperationDuration), "full time of an operation that is cut, or of a mount, which is a span event; in seconds"},
		{string(keyOperationCut), "true if the operation lasted longer than its span, which never extends beyond the start's"},
		{string(semconv.ProcessPIDKey), "pid, in the exporter's pid namespace, of the process that is the operation; on the root, of the container's init"},
		{string(semconv.ProcessExitCodeKey), "exit code of the process that is the operation, 128 + the number of the signal if it was killed"},
		{string(keyCPU), "CPU time of that process, in seconds"},
		{string(keyRunDelay), "run-queue delay of that process, in seconds"},
		{string(keyIODelay), "block-I/O delay of that process, in seconds"},
	}
}
