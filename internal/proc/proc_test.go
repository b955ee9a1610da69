package proc

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// startTime returns the start time of a process, to the clock tick.
func startTime(t *testing.T, pid int) int64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	s, err := parseStat(text)
	if err != nil {
		t.Fatal(err)
	}
	return s.StartTicks * clockTick
}

// TestProcess follows a process until it is a zombie, and until it is gone.
func TestProcess(t *testing.T) {
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	born := startTime(t, pid)
	if _, err := Open(pid, born+clockTick); !errors.Is(err, ErrExited) {
		t.Errorf("opened with another start time: %v", err)
	}
	dir, err := Open(pid, born)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(dir)
	if s, err := ReadStat(dir); err != nil || s.Threads != 1 || s.Ended() {
		t.Errorf("while it sleeps: %+v, %v", s, err)
	}
	_ = cmd.Process.Kill()
	var info unix.Siginfo
	if err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	if s, err := ReadStat(dir); err != nil || !s.Ended() {
		t.Errorf("as a zombie: %+v, %v", s, err)
	}
	_ = cmd.Wait()
	if _, err := ReadStat(dir); !errors.Is(err, ErrExited) {
		t.Errorf("after it was waited for: %v", err)
	}
	if _, err := Open(pid, born); !errors.Is(err, ErrExited) {
		t.Errorf("opened after it was waited for: %v", err)
	}
}

// TestParseStat parses what processes with hostile names show.
func TestParseStat(t *testing.T) {
	const rest = " S 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 7 0 12345 1 1"
	for _, name := range []string{"runc:[2:INIT]", ") Z (", "a\nb", "", "))) R 1 2 3"} {
		s, err := parseStat([]byte("7 (" + name + ")" + rest))
		if err != nil || s != (Stat{name, 'S', 7, 12345}) {
			t.Errorf("%q: %+v, %v", name, s, err)
		}
	}
	for _, text := range []string{"", "7", "7 (a", "7 (a)", "7 (a) S 1 2", "7 (a) S 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 x 0 y"} {
		if s, err := parseStat([]byte(text)); err == nil {
			t.Errorf("%q: %+v", text, s)
		}
	}
}

// TestShowsOwnPIDs reads /proc here, and as a process in a pid namespace of its own does
// that has the host's.
func TestShowsOwnPIDs(t *testing.T) {
	if !ShowsOwnPIDs() {
		t.Error("/proc is another pid namespace's")
	}
	for status, want := range map[string]int{
		"Name:\tsh\nNSpid:\t7\nNSpgid:\t7\n": 1, "NStgid:\t712\t7\nNSpid:\t712\t7\n": 2, "Name:\tNSpid: 1\n": 0, "": 0,
	} {
		if got := pidNamespacesShown([]byte(status)); got != want {
			t.Errorf("%q shows pids of %d namespaces, want %d", status, got, want)
		}
	}
}
