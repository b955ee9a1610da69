package bundle

import (
	"os"
	"syscall"
	"testing"

	"container_start_exporter/collector/event"
)

func TestReader(t *testing.T) {
	dir := write(t, map[string]string{"config.json": `{"root": {"path": "/rootfs"}}`})
	var got []*event.Event
	a := NewReader(func(e *event.Event) { got = append(got, e) })
	info, err := os.Stat("/proc/self/ns/mnt")
	if err != nil {
		t.Fatal(err)
	}
	exec := func(born int64, ret int64, args ...string) {
		a.Handle(&event.Event{
			Kind: event.KindExec, PID: os.Getpid(), StartTime: born, Ret: ret, Args: args,
			MntNS: uint32(info.Sys().(*syscall.Stat_t).Ino),
		})
	}
	exec(1, 0, "runc", "create", "--bundle", dir, "abc")
	exec(1, 0, "runc", "create", "--bundle", dir, "abc") // it executes its sealed copy
	exec(2, -2, "runc", "create", "--bundle", dir, "abc")
	exec(3, 0, "runc", "state", "abc")
	exec(4, 0, "runc", "run", "--bundle", dir+"/absent", "abc")

	var bundles []*event.Event
	for _, e := range got {
		if e.Kind == event.KindBundle {
			bundles = append(bundles, e)
		}
	}
	if len(got) != 6 || len(bundles) != 1 || got[1] != bundles[0] {
		t.Fatalf("%d events with %d bundles; want 6 events with 1 bundle, the second event", len(got), len(bundles))
	}
	if a.Unread() != 1 {
		t.Errorf("%d bundles could not be read, want 1", a.Unread())
	}
	if b := bundles[0]; b.PID != os.Getpid() || b.StartTime != 1 || b.Path != dir || b.Bundle.Root != "/rootfs" || b.Time == 0 {
		t.Errorf("bundle event %+v", b)
	}
}
