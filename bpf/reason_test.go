package bpf

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// tracefsError returns an error of tracefs as the ebpf library wraps it.
func tracefsError(name string, err error) error {
	return fmt.Errorf("reading file: %w", &fs.PathError{Op: "open", Path: "/sys/kernel/tracing/events/" + name, Err: err})
}

// TestObstacles checks which obstacle the errors of each mechanism are, and which
// capability removes it.
func TestObstacles(t *testing.T) {
	tracepoint := func(err error) error { return perfEventError(err, unix.CAP_DAC_READ_SEARCH) }
	for name, tc := range map[string]struct {
		err      error
		obstacle Obstacle
		needs    []int
		is       error
	}{
		"tracefs is not mounted": {
			err: noTracefs("mount it", unix.EPERM), obstacle: NoTracefs, needs: []int{unix.CAP_SYS_ADMIN}, is: unix.EPERM,
		},
		"no tracefs in the kernel": {err: noTracefs("mount it", unix.ENODEV), obstacle: NoTracefs, is: unix.ENODEV},
		"tracefs is forbidden": {
			err:      tracepoint(tracefsError("syscalls/sys_enter_mount/id", unix.EACCES)),
			obstacle: TracefsForbidden, needs: []int{unix.CAP_DAC_READ_SEARCH}, is: fs.ErrPermission,
		},
		"no such tracepoint": {
			err: tracepoint(tracefsError("syscalls/sys_enter_mount/id", unix.ENOENT)), obstacle: NotInKernel, is: fs.ErrNotExist,
		},
		"a kprobe by tracefs":                 {err: perfEventError(tracefsError("ebpf_1/mount/id", unix.EACCES)), obstacle: TracefsForbidden, is: unix.EACCES},
		"a perf event":                        {err: perfEventError(errForbidden), obstacle: PerfEventsForbidden, needs: perfEventNeeds(), is: unix.EACCES},
		"a perf event of a tracepoint":        {err: tracepoint(errForbidden), obstacle: PerfEventsForbidden, needs: perfEventNeeds(), is: unix.EACCES},
		"no such function":                    {err: perfEventError(errNoSymbol), obstacle: NotInKernel, is: unix.ENOENT},
		"no such function, before Linux 5.11": {err: perfEventError(noFunction(unix.EINVAL)), obstacle: NotInKernel, is: unix.EINVAL},
		"not in the BTF":                      {err: errNotInBTF, obstacle: NotInKernel, is: ebpf.ErrNotSupported},
		"the verifier rejects the program":    {err: fmt.Errorf("load program: %w", unix.EACCES), obstacle: OtherObstacle, is: unix.EACCES},
	} {
		r := newReason(MechanismKprobe, tc.err)
		if r.Obstacle != tc.obstacle || !slices.Equal(r.Needs, tc.needs) || r.Mechanism != MechanismKprobe || !errors.Is(r, tc.is) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestNeeds checks that a capability is named only for obstacles that it removes.
func TestNeeds(t *testing.T) {
	removes := map[Obstacle]int{
		NoTracefs:           unix.CAP_SYS_ADMIN,
		TracefsForbidden:    unix.CAP_DAC_READ_SEARCH,
		PerfEventsForbidden: unix.CAP_SYS_ADMIN,
		ModuleBTFHidden:     unix.CAP_SYS_ADMIN,
	}
	var errs []error
	for _, err := range []error{unix.EPERM, unix.EINVAL, errForbidden, errNotInBTF, errNoSymbol, tracefsError("id", unix.EPERM), tracefsError("id", unix.ENOENT)} {
		errs = append(errs, err, perfEventError(err), perfEventError(err, unix.CAP_DAC_READ_SEARCH), noTracefs("mount it", err))
	}
	p := function("f", "f", "f", "")
	p.module = moduleHere
	for _, err := range errs {
		for _, m := range Mechanisms[1:] {
			r := (&attacher{}).reasonFor(p, m, err)
			if c, may := removes[r.Obstacle]; len(r.Needs) > 0 && (!may || !slices.Equal(r.Needs, []int{c})) {
				t.Errorf("%v: %v needs %v", err, r.Obstacle, r.Needs)
			}
		}
	}
}

// TestObstacleTexts checks that each obstacle has a text of its own, and each
// reason is one line.
func TestObstacleTexts(t *testing.T) {
	seen := map[string]bool{}
	for o := range obstacles {
		if text := o.String(); text == "" || seen[text] {
			t.Errorf("obstacle %d: text %q", o, text)
		}
		seen[o.String()] = true
		for _, err := range []error{nil, errors.New("two\n\tlines")} {
			text := Reason{Mechanism: "kprobe", Obstacle: o, Err: err}.Error()
			if !strings.HasPrefix(text, "kprobe: ") || strings.ContainsAny(text, "\n\t") {
				t.Errorf("%d: %q", o, text)
			}
		}
	}
	for _, s := range []State{Failed, Absent, Waiting, Attached} {
		if s.String() == "" {
			t.Errorf("state %d has no text", s)
		}
	}
}
