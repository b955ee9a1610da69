package bpf

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Reason is why a mechanism did not attach a kernel probe. It is an error.
type Reason struct {
	Mechanism string
	Obstacle  Obstacle
	Needs     []int // the capabilities that remove the obstacle (unix.CAP_*), if any does
	Err       error // of the kernel or a library; nil if the obstacle is all there is
	untried   bool  // for this probe, as the mechanism cannot be used for any
}

// Obstacle is the kind of a Reason.
type Obstacle int

// The obstacles. Those with a capability are removed by it: see Reason.Needs.
const (
	OtherObstacle       Obstacle = iota // see Reason.Err
	NotInKernel                         // the kernel does not have the function or the tracepoint
	NotSupported                        // the kernel does not support the mechanism
	NoTracefs                           // tracefs is not mounted, and cannot be: CAP_SYS_ADMIN
	TracefsForbidden                    // tracefs cannot be read, or written: CAP_DAC_READ_SEARCH, to read it
	PerfEventsForbidden                 // perf_event_open(2) is refused: CAP_SYS_ADMIN, if perf_event_paranoid is above 2
	ModuleBTFHidden                     // the BTF of modules cannot be read: CAP_SYS_ADMIN, since Linux 5.11
	SyscallOverhead                     // it would slow every system call on the host: not used unless requested
	NotRequested                        // another mechanism is requested
	obstacles
)

// String returns the obstacle in words, for people: "tracefs is not mounted".
func (o Obstacle) String() string {
	return [obstacles]string{
		OtherObstacle:       "refused",
		NotInKernel:         "not in this kernel",
		NotSupported:        "not supported by this kernel",
		NoTracefs:           "tracefs is not mounted",
		TracefsForbidden:    "no access to tracefs",
		PerfEventsForbidden: "perf events are forbidden",
		ModuleBTFHidden:     "only CAP_SYS_ADMIN may read the BTF of modules",
		SyscallOverhead:     "would slow every system call: only used if requested",
		NotRequested:        "not requested",
	}[o]
}

// Error returns the mechanism and why it did not attach the probe, as one line.
func (r Reason) Error() string {
	why := []string{r.Mechanism, r.Obstacle.String()}
	switch {
	case r.Err == nil, r.Obstacle == NotInKernel, r.Obstacle == ModuleBTFHidden: // the error would repeat it
	case r.Obstacle == OtherObstacle:
		why[1] = r.Err.Error()
	case r.Obstacle == NoTracefs:
		why = append(why, r.Err.Error())
	default:
		why = append(why, cause(r.Err).Error())
	}
	return strings.Join(strings.Fields(strings.Join(why, ": ")), " ")
}

// Unwrap returns Err, which may be nil.
func (r Reason) Unwrap() error { return r.Err }

// tried returns the reasons of the mechanisms that were tried for the probe.
func tried(reasons []Reason) []Reason {
	return slices.DeleteFunc(slices.Clone(reasons), func(r Reason) bool { return r.untried })
}

// isAny reports whether one of the reasons is this obstacle.
func isAny(reasons []Reason, o Obstacle) bool {
	return slices.ContainsFunc(reasons, func(r Reason) bool { return r.Obstacle == o })
}

// areAll reports whether there are reasons, and all are this obstacle.
func areAll(reasons []Reason, o Obstacle) bool {
	return len(reasons) > 0 && !slices.ContainsFunc(reasons, func(r Reason) bool { return r.Obstacle != o })
}

// newReason returns the reason for an error of a mechanism. The error may contain
// a Reason from where it arose.
func newReason(mechanism string, err error) Reason {
	r := Reason{Err: err}
	if !errors.As(err, &r) && isAbsent(err) {
		r.Obstacle = NotInKernel
	}
	r.Mechanism = mechanism
	return r
}

// perfEventError returns an error of attaching by a perf event with its obstacle, if
// access was denied. An error with a path is of tracefs; tracefsNeeds are the
// capabilities to access it.
func perfEventError(err error, tracefsNeeds ...int) error {
	var file *fs.PathError
	switch {
	case !errors.Is(err, fs.ErrPermission):
		return err
	case errors.As(err, &file):
		return Reason{Obstacle: TracefsForbidden, Needs: tracefsNeeds, Err: err}
	}
	return Reason{Obstacle: PerfEventsForbidden, Needs: perfEventNeeds(), Err: err}
}

// perfEventNeeds returns the capability that opening perf events needs besides
// CAP_PERFMON, if any: CAP_SYS_ADMIN if perf_event_paranoid is above 2, which only
// kernels of Debian and Ubuntu know. It is their default.
func perfEventNeeds() []int {
	text, err := os.ReadFile("/proc/sys/kernel/perf_event_paranoid")
	level, bad := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || bad != nil || level <= 2 {
		return nil
	}
	return []int{unix.CAP_SYS_ADMIN}
}

// moduleBTFNeeds returns the capability that reading the BTF of modules needs. No
// module has BTF before Linux 5.11.
func moduleBTFNeeds() []int {
	files, err := os.ReadDir("/sys/kernel/btf")
	if err != nil || len(files) <= 1 { // one is vmlinux
		return nil
	}
	return []int{unix.CAP_SYS_ADMIN}
}
