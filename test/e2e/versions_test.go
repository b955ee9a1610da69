package e2e

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"container_start_exporter/test/debian"
	"container_start_exporter/test/host"
	"container_start_exporter/test/tools"
)

// runtimeVersion is a runtime of another version than the host's.
type runtimeVersion struct {
	name  string     // runc, crun
	suite string     // of Debian that has it, or
	tool  *tools.Set // that is built
}

// runtimeVersions are those that are, or soon will be, on hosts, beside those of
// bareRuntimes (runc 1.1 and 1.5, crun 1.8) and of the kernels' disks (crun 1.21).
var runtimeVersions = []runtimeVersion{
	{name: "runc", suite: "bullseye-security"}, // 1.0
	{name: "runc", tool: tools.Runc12},
	{name: "runc", suite: "sid"},          // 1.3
	{name: "runc", suite: "experimental"}, // 1.4
	{name: "runc", tool: tools.Runc16},
	{name: "crun", suite: "sid"}, // 1.28
}

// versionFailures are the failureCases of which a runtime's versions show the kernel
// different things: who opens and executes what fails, and who is killed.
var versionFailures = []string{
	"entrypoint missing", "entrypoint of a wrong format", "prestart hook missing", "createContainer hook missing",
	"hook out of memory", "startContainer hook",
}

// TestVersions holds each version of a runtime to what the host's is held to.
func TestVersions(t *testing.T) {
	host.NeedRoot(t)
	failures := slices.DeleteFunc(slices.Clone(failureCases), func(f failureCase) bool { return !slices.Contains(versionFailures, f.name) })
	if len(failures) != len(versionFailures) {
		t.Fatalf("not all of %q are failureCases", versionFailures)
	}
	s, w := serve(t), watch(t)
	for _, v := range runtimeVersions {
		name := v.name + " of " + v.suite
		if v.tool != nil {
			name = filepath.Base(v.tool.Module)
		}
		t.Run(name, func(t *testing.T) {
			r := v.need(t)
			t.Log(must(t, r.cmd("--version")))
			t.Run("run", func(t *testing.T) { checkBareRun(t, w, r) })
			t.Run("create and start", func(t *testing.T) { checkBareCreateStart(t, w, r) })
			t.Run("hooks", func(t *testing.T) { checkBareHooks(t, w, name, r) })
			t.Run("failures", func(t *testing.T) {
				host.WaitFor(t, 10*time.Second, "the starts until now to be counted", func() bool {
					return s.scrape(t).Sum("container_starts_total", nil) >= float64(strings.Count(w.Stdout.String(), "\n"))
				}, s.Stderr.String)
				checkFailureMatrix(t, s, w, r, failures)
			})
		})
	}
}

// need returns the runtime, ready to run.
func (v runtimeVersion) need(t *testing.T) bareRuntime {
	t.Helper()
	r := bareRuntime{name: v.name}
	if v.tool != nil {
		r.prefix = inPath(v.tool.Need(t))
	} else {
		r.prefix = v.amongItsLibraries(t)
	}
	t.Cleanup(r.removeCgroups)
	return r
}

// amongItsLibraries returns the words to put before the command line of a runtime of Debian's.
func (v runtimeVersion) amongItsLibraries(t *testing.T) []string {
	t.Helper()
	files := v.unpacked(t)
	libraries, err := filepath.Glob(filepath.Join(files, "usr/lib/*-linux-gnu"))
	if err != nil || len(libraries) != 1 {
		t.Fatalf("libraries %v, %v; want one directory", libraries, err)
	}
	script := mountLibraries
	if v.name == "crun" {
		t.Cleanup(func() { host.SettleHierarchies(t) })
		script = host.ControllersScript + "\n" + script
	}
	mounts := host.InMounts(t, script, filepath.Join(t.TempDir(), "cgroup"), libraries[0], filepath.Base(libraries[0]))
	return append(mounts, inPath(filepath.Join(files, "usr/sbin"), filepath.Join(files, "usr/bin"))...)
}

// mountLibraries mounts the libraries in $1 over the host's in the directory $2: a runtime
// needs libraries of its own age or later.
const mountLibraries = `mount -t overlay -o "lowerdir=$1:/usr/lib/$2" overlay "/usr/lib/$2" || exit`

// inPath returns the words that execute a command line with these directories before PATH.
func inPath(dirs ...string) []string {
	return []string{"env", "PATH=" + strings.Join(append(dirs, os.Getenv("PATH")), ":")}
}

// unpacked returns a directory with the files of the runtime's package and of all that it
// depends on.
func (v runtimeVersion) unpacked(t *testing.T) string {
	t.Helper()
	host.NeedProgram(t, "apt-get", "apt")
	a, err := runtimeArchive()
	if err != nil {
		t.Fatal(err)
	}
	version, err := a.InSuite(t.Context(), v.name, v.suite)
	if err != nil {
		t.Fatal(err)
	}
	if version == "" {
		t.Skipf("%s has no %s", v.suite, v.name)
	}
	files, err := a.UnpackWithDependencies(t.Context(), v.name+"_"+version, v.name+"="+version)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// runtimeArchive is Debian's archive with all suites that have a runtime of runtimeVersions.
var runtimeArchive = sync.OnceValues(func() (*debian.Archive, error) {
	cache, err := debian.Cache("runtimes")
	if err != nil {
		return nil, err
	}
	var suites []string
	for _, v := range runtimeVersions {
		if v.suite != "" && !slices.Contains(suites, v.suite) {
			suites = append(suites, v.suite)
		}
	}
	return debian.OpenArchive(context.Background(), cache, runtime.GOARCH, suites...)
})
