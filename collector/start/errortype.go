package start

// ErrorType is why a start failed, of low cardinality: OpenTelemetry's
// error.type.
type ErrorType string

// The types of errors.
const (
	ErrorNetwork   ErrorType = "network"  // a CNI plugin failed, and the engine undid the network
	ErrorMount     ErrorType = "mount"    // init's last mount call failed
	ErrorExec      ErrorType = "exec"     // execve of the entrypoint failed
	ErrorHook      ErrorType = "hook"     // an OCI hook failed, or could not be executed
	ErrorInit      ErrorType = "init"     // init ended for an unseen reason, such as an entrypoint that it did not find: by itself, or by SIGKILL while its runtime created it
	ErrorKilled    ErrorType = "killed"   // init was killed otherwise
	ErrorOOM       ErrorType = "oom"      // the kernel killed a process of the start for lack of memory
	ErrorRuntime   ErrorType = "runtime"  // the runtime exited before there was an init
	ErrorShim      ErrorType = "shim"     // the shim or the monitor exited before it executed a runtime
	ErrorCancelled ErrorType = "given_up" // the engine killed or deleted the container before starting it, or undid its network before it executed a shim or a runtime
)
