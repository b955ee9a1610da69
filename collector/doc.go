// Package collector turns kernel events into container starts. It is pure: it
// reads no clock and no file, starts no goroutine and knows nothing of BPF.
// Events go in through Assembler.Handle, starts come out through a StartObserver,
// facts about the node through a NodeObserver.
//
// # Layout
//
//	event/         the Event: what the kernel reports, its kinds, recordings
//	start/         the Start: what comes out, with its phases and operations
//	join/          keys, and what waits until a start owns its key: never guess
//	runtime/       one file for each OCI runtime: a new one is added there
//	engine/        one file for each engine: a new one is added there
//	network/       one file for each kind of network program
//
//	assembler.go   the state machine that handles each event, and its bounds
//	attempt.go     a start in progress, starts.go how it begins and ends
//	timeline.go    its phases and operations in time, and how phases partition it
//	process.go     lineage: what a process passes on to its children
//	exec.go        executed programs: shim, runtime, network program, OCI hook, entrypoint
//	shim.go        shims and monitors
//	command.go     the runtime's commands: create, run, start, kill, delete
//	exit.go        how processes end
//	failure.go     why starts fail, loss.go what lost events mean for them
//	namespace.go   the stages of a runtime, the namespaces and the init
//	mount.go       the rootfs, init's mounts and pivot_root
//	cgroup.go      the container's cgroup
//	hook.go        OCI hooks
//	network.go     how the network of a start is set up, nettool.go by which programs
//	link.go        rtnetlink's requests, and the keys in them
//	veth.go        the veth pairs of starts, vethtrack.go those of the node
//	deferred.go    events that wait for their key, ledger.go what became of each event
//	bundle.go      the OCI bundle, identity.go sandboxes and pods
//	snapshot.go    processes that ran before the exporter started
//	ready.go       the first listen(2) of a container
//	record.go      the Start that is made of an attempt; result.go, trace.go parts of it
//	observer.go    who receives the results, and the counters
package collector
