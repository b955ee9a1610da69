package collector

import "container_start_exporter/collector/start"

// failureCause is a failure that may be why the start fails.
type failureCause struct {
	kind start.ErrorType
	text string
	at   int64 // boot time, only for start.ErrorCancelled: the start failed then, not when init died of it
}

// failure is what is known of why a start fails or is incomplete.
type failure struct {
	// cause is the last failure; reset when the start makes progress.
	cause failureCause
	// reason is why it failed or is incomplete; incompleteReason, why it can only
	// be incomplete, however it ends.
	reason, incompleteReason string
	errorType                start.ErrorType
}

// markIncomplete records why the start can only be incomplete; the first reason
// stays.
func (f *failure) markIncomplete(why string) {
	if f.incompleteReason == "" {
		f.incompleteReason = why
	}
}

// progress forgets the last failure: the start went on after it.
func (f *failure) progress() { f.cause = failureCause{} }

// fail ends a start that can no longer execute its entrypoint.
func (a *Assembler) fail(att *attempt, at int64, kind start.ErrorType, why string) {
	att.failure.reason, att.failure.errorType = why, kind
	a.finish(att, start.Failed, at)
}

// failWithCause fails a start with its last failure as the cause, or with kind and
// why if there was none.
func (a *Assembler) failWithCause(att *attempt, at int64, kind start.ErrorType, why string) {
	switch c := att.failure.cause; c.kind {
	case "":
		a.fail(att, at, kind, why)
	case start.ErrorCancelled:
		a.fail(att, c.at, c.kind, c.text)
	default:
		a.fail(att, at, c.kind, why+": "+c.text)
	}
}
