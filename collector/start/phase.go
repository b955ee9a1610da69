package start

// PhaseName names a phase of a start.
type PhaseName string

// The phases of a start, in the order in which runc goes through them. Each begins
// at an event and lasts until the next one begins. Which phases occur, and in which
// order, follows from the events, never from the runtime's name.
//
//	engine ──prepare── rootfs mount that stays, veth
//	   │
//	shim ────shim───── containerd-shim -id ID | conmon -c ID
//	   │
//	runtime ─create─── runc create | runc run
//	   │     cgroup─── first mkdir or attach of the container's cgroup
//	   │ namespaces─── runc:[0:PARENT] ─▶ [1:CHILD] ─▶ [2:INIT]   (crun: one clone)
//	   │                                                  │
//	   │                                         rootfs ──┤ init's first mount
//	   │ hooks ─────── prestart, createRuntime, createContainer
//	   │                                           init ──┤ pivot_root, or the last of those hooks gone
//	   │ wait ──────── create exits 0                     │ (seccomp, capabilities, exec.fifo)
//	   │                                                  │
//	runtime ─start──── runc start ───────────────────▶ execve(entrypoint): the end
const (
	PhasePrepare    PhaseName = "prepare"
	PhaseShim       PhaseName = "shim"
	PhaseCreate     PhaseName = "create"
	PhaseCgroup     PhaseName = "cgroup"
	PhaseNamespaces PhaseName = "namespaces"
	PhaseRootfs     PhaseName = "rootfs"
	PhaseHooks      PhaseName = "hooks"
	PhaseInit       PhaseName = "init"
	PhaseWait       PhaseName = "wait"
	PhaseStart      PhaseName = "start"
)
