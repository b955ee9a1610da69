package collector

// ErrorType is why a start failed, of low cardinality: OpenTelemetry's
// error.type.
type ErrorType string

// The types of errors.
const (
	ErrorMount   ErrorType = "mount"    // init's last call, on mounts, failed
	ErrorExec    ErrorType = "exec"     // the entrypoint could not be executed, by execve
	ErrorHook    ErrorType = "hook"     // an OCI hook failed
	ErrorInit    ErrorType = "init"     // init exited: what it has looked for and not found is not seen
	ErrorKilled  ErrorType = "killed"   // init was killed
	ErrorRuntime ErrorType = "runtime"  // the runtime exited, and there was no init yet
	ErrorShim    ErrorType = "shim"     // the shim or the monitor exited before it executed a runtime
	ErrorGivenUp ErrorType = "given_up" // the engine killed or deleted what it had created
)

// mishap is something that went wrong, which may be why a start fails.
type failureCause struct {
	kind ErrorType
	text string
	at   int64 // of being given up: that is when the start has failed, not when init dies of it
}

// fail ends an attempt that can no longer execute its entrypoint.
func (a *Assembler) fail(att *attempt, at int64, kind ErrorType, why string) {
	att.reason, att.errorType = why, kind
	a.finish(att, Failed, at)
}

// failFor fails an attempt because of what went wrong last, if anything did.
func (a *Assembler) failWithCause(att *attempt, at int64, kind ErrorType, why string) {
	switch m := att.cause; m.kind {
	case "":
		a.fail(att, at, kind, why)
	case ErrorGivenUp:
		a.fail(att, m.at, m.kind, m.text)
	default:
		a.fail(att, at, m.kind, why+": "+m.text)
	}
}
