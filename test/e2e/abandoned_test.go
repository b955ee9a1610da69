package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"container_start_exporter/test/host"
)

// TestAbandoned creates containers that are never started: each is one failed
// start, whose error type depends on how it was ended, and none stays in progress.
func TestAbandoned(t *testing.T) {
	host.NeedRoot(t)
	for name, r := range bareRuntimes(t) {
		t.Run(name, func(t *testing.T) {
			s, w := serve(t), watch(t)
			before := s.scrape(t)
			ends := []struct {
				name, errorType string
				end             func(id string, pid int)
			}{
				{"kill", "given_up", func(id string, _ int) { must(t, r.cmd("kill", id, "KILL")) }},
				{"delete", "given_up", func(id string, _ int) { r.remove(t, id) }},
				{"killed by another", "killed", func(_ string, pid int) { _ = unix.Kill(pid, unix.SIGKILL) }},
			}
			for _, one := range ends {
				t.Run(one.name, func(t *testing.T) {
					id, pid := createOnly(t, r)
					host.WaitFor(t, 10*time.Second, "a start in progress", func() bool {
						return s.scrape(t).Sum("container_starts_in_progress", nil) == 1
					}, s.Stderr.String)
					one.end(id, pid)
					checkFailedFor(t, w, id, "wait", []string{one.errorType})
					_ = r.cmd("delete", "--force", id).Run() // fails if it is deleted already
					if n := len(w.starts(t, id)); n != 1 {
						t.Errorf("%d starts; want 1", n)
					}
				})
			}
			checkFailureCounts(t, s, before, r.name, map[string]float64{"wait": float64(len(ends))})
		})
	}
}

// createOnly creates a container and returns its id and its init's pid.
func createOnly(t *testing.T, r bareRuntime) (id string, pid int) {
	t.Helper()
	id = newID(t, r.name)
	return id, r.create(t, bundle(t, "/bin/sleep", "300"), id)
}

// create creates a container that is deleted at the end of the test, and returns
// its init's pid.
func (r bareRuntime) create(t *testing.T, dir, id string) (pid int) {
	t.Helper()
	pidFile := filepath.Join(t.TempDir(), "pid")
	t.Cleanup(func() { runQuiet(t, r.cmd("delete", "--force", id)) })
	// The container keeps create's outputs open: as pipes, they would block execute.
	log, err := os.Create(pidFile + ".log")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := r.cmd("create", "--bundle", dir, "--pid-file", pidFile, id)
	cmd.Stdout, cmd.Stderr = log, log
	if res := execute(t, cmd); res.code != 0 {
		t.Fatalf("%s create exits with %d: %s", r.name, res.code, readFile(t, log.Name()))
	}
	return readPID(pidFile)
}

// TestCreatedTwice creates a container with an id that is in use: that fails, and
// the container that has the id is started nevertheless.
func TestCreatedTwice(t *testing.T) {
	eachRuntime(t, func(t *testing.T, r bareRuntime) {
		w := watch(t)
		id, pid := createOnly(t, r)
		if code := runQuiet(t, r.cmd("create", "--bundle", bundle(t, "/bin/sleep", "300"), id)); code == 0 {
			t.Fatalf("%s creates %s twice", r.name, id)
		}
		must(t, r.cmd("start", id))
		later, _ := r.run(t, "/bin/true")
		w.wait(t, later)
		both := w.starts(t, id)
		if len(both) != 2 {
			t.Fatalf("%d starts; want 2: %+v", len(both), both)
		}
		checkFailed(t, both[0], "create")
		checkStarted(t, both[1], "none", r.name, append(setUpPhases(r.name), "wait", "start"))
		if both[1].PID != pid || both[0].TraceID == both[1].TraceID {
			t.Errorf("pid %d; %s says %d; traces %s, %s", both[1].PID, r.name, pid, both[0].TraceID, both[1].TraceID)
		}
	})
}

// TestCrash runs entrypoints that exit at once with an error: they have started.
func TestCrash(t *testing.T) {
	eachRuntime(t, func(t *testing.T, r bareRuntime) {
		w := watch(t)
		for _, script := range []string{"exit 1", "exit 255"} {
			id, res := r.run(t, "/bin/sh", "-c", script)
			if res.code == 0 {
				t.Errorf("%s run of %q succeeds", r.name, script)
			}
			checkStarted(t, w.wait(t, id)[id], "none", r.name, setUpPhases(r.name))
		}
	})
}

// TestRuntimeKilled kills the runtime in the middle of a start, from an OCI hook
// that the runtime executed: the start fails.
func TestRuntimeKilled(t *testing.T) {
	eachRuntime(t, func(t *testing.T, r bareRuntime) {
		s, w := serve(t), watch(t)
		dir := bundle(t, "/bin/true")
		addHook(t, dir, "createRuntime", "/bin/sh", "sh", "-c", "cat >/dev/null; kill -9 $PPID")
		id := newID(t, r.name)
		if code := runQuiet(t, r.cmd("create", "--bundle", dir, id)); code == 0 {
			t.Fatalf("%s create succeeds", r.name)
		}
		t.Cleanup(func() { _ = r.cmd("delete", "--force", id).Run() })
		checkFailedFor(t, w, id, "hooks", []string{"runtime", "init", "killed"})
		host.WaitFor(t, 10*time.Second, "no start in progress", func() bool {
			return s.scrape(t).Sum("container_starts_in_progress", nil) == 0
		}, s.Stderr.String)
		if n := len(w.starts(t, id)); n != 1 {
			t.Errorf("%d starts; want 1", n)
		}
	})
}

// TestDockerFailures checks failures that occur only with Docker's daemon.
func TestDockerFailures(t *testing.T) {
	d := needDocker(t)
	notExecutable := writeFile(t, "entrypoint", "#!/bin/sh\n", 0o644)
	tests := []struct {
		name, phase string
		errorTypes  []string
		args        []string
	}{
		// With an OCI hook that sets up the network, runc sets the limits before it.
		{"tasks refused", "rootfs", []string{"init"}, []string{"--pids-limit", strconv.Itoa(5 << 20), image, "true"}},
		{"rlimit refused", "init", []string{"init"}, []string{"--ulimit", "nofile=1024:99999999", image, "true"}},
		{"not executable", "init", []string{"init"}, []string{"-v", notExecutable + ":/entrypoint", image, "/entrypoint"}},
	}
	w := watch(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.name == "rlimit refused" && capable(t, unix.CAP_SYS_RESOURCE) {
				t.Skip("with CAP_SYS_RESOURCE, no limit is refused")
			}
			id, res := d.run(t, test.args...)
			if res.code == 0 {
				t.Fatalf("docker run %v succeeds", test.args)
			}
			checkFailedFor(t, w, id, test.phase, test.errorTypes)
		})
	}
	t.Run("port in use", func(t *testing.T) {
		first := d.detach(t, "-p", "18099:80", image, "sleep", "300")
		w.wait(t, first)
		id, res := d.run(t, "-p", "18099:80", image, "true")
		if res.code == 0 {
			t.Fatal("docker run on a port in use succeeds")
		}
		later := d.runTrue(t)
		w.wait(t, later)
		if found := w.starts(t, id); len(found) != 0 {
			t.Errorf("a start of a container for which no shim was executed: %+v", found)
		}
	})
}
