package e2e

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
	"container_start_exporter/test/tools"
)

// naming is a way to call a runtime.
type naming struct {
	name    string                            // of the executable
	make    func(t *testing.T, at, of string) // makes the executable, from the runtime's path
	known   bool                              // its name shows which runtime it is
	wrapper bool                              // it executes the runtime
}

// namings are the names that packages, people and engines give to a runtime. %s is that of
// the runtime.
var namings = []naming{
	{name: "%s-1.27.1", make: copyFile, known: true},
	{name: "%s.amd64", make: copyFile, known: true},
	{name: "buildkit-%s", make: copyFile, known: true},
	{name: "linked", make: linkTo, known: true},
	{name: "tank", make: copyFile},
	{name: "nvidia-container-runtime", make: script(`exec "%s" "$@"`), known: true, wrapper: true},
	{name: "child-runtime", make: script(`cat /dev/null; "%s" "$@"`), known: true, wrapper: true},
}

// shimNamings are those of a shim.
var shimNamings = []naming{
	{name: "%s-2.2.1", make: copyFile, known: true},
	{name: "containerd-shim-runc2-v2", make: copyFile, known: true},
	{name: "linked", make: linkTo, known: true},
}

// path makes the executable in a directory, and returns its path.
func (n naming) path(t *testing.T, dir, runtime string) string {
	t.Helper()
	of, err := exec.LookPath(runtime)
	if err != nil {
		t.Skip("needs", runtime)
	}
	if of, err = filepath.EvalSymlinks(of); err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(dir, n.title(filepath.Base(runtime)))
	n.make(t, at, of)
	return at
}

func (n naming) title(runtime string) string { return strings.ReplaceAll(n.name, "%s", runtime) }

// check compares a start by a runtime of that name with one by its plain name.
func (n naming) check(t *testing.T, one, plain record) {
	t.Helper()
	runtime := plain.Runtime
	if !n.known && runtime == "crun" { // what runc is, its stages say
		runtime = "other"
	}
	checkStarted(t, one, plain.Engine, runtime, plain.phaseNames())
	create := one.phase("create")
	var wrappers, want []string
	for _, o := range one.operations("wrapper") {
		wrappers = append(wrappers, o.Attributes["program"]+" "+o.Attributes["command"])
		if o.Attributes["command"] != "start" && (o.Phase != "create" || o.Begin != create.Begin || o.Duration <= 0) {
			t.Errorf("wrapper %+v; create is %+v", o, create)
		}
	}
	if n.wrapper {
		for _, o := range plain.operations("runtime") {
			want = append(want, n.name+" "+o.Attributes["command"])
		}
	}
	if !slices.Equal(wrappers, want) {
		t.Errorf("wrappers %q; want %q", wrappers, want)
	}
	if a, b := len(one.operations("runtime")), len(plain.operations("runtime")); a != b {
		t.Errorf("%d commands of the runtime; want %d: %+v", a, b, one.Operations)
	}
}

func copyFile(t *testing.T, at, of string) {
	t.Helper()
	from, err := os.Open(of)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(at, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
}

func linkTo(t *testing.T, at, of string) {
	t.Helper()
	if err := os.Symlink(of, at); err != nil {
		t.Fatal(err)
	}
}

// script writes a shell script; %s in it is the runtime's path.
func script(line string) func(t *testing.T, at, of string) {
	return func(t *testing.T, at, of string) {
		t.Helper()
		if err := os.WriteFile(at, []byte("#!/bin/sh\n"+strings.ReplaceAll(line, "%s", of)+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// checkNamings starts a container by each name; run starts one by the runtime of a path, and
// returns its id.
func checkNamings(t *testing.T, runtime string, namings []naming, run func(t *testing.T, runtime string) string) {
	t.Helper()
	s, w := serve(t), watch(t)
	plain := run(t, "")
	of := w.wait(t, plain)[plain]
	for _, n := range namings {
		t.Run(n.title(filepath.Base(runtime)), func(t *testing.T) {
			id := run(t, n.path(t, t.TempDir(), runtime))
			n.check(t, w.wait(t, id)[id], of)
		})
	}
	nothingInProgress(t, s)
}

func nothingInProgress(t *testing.T, s *server) {
	t.Helper()
	host.WaitFor(t, 10*time.Second, "no start in progress", func() bool {
		return s.scrape(t).Sum("container_starts_in_progress", nil) == 0
	}, s.Stderr.String)
}

// TestNamesContainerd starts containers by runtimes and shims of other names.
func TestNamesContainerd(t *testing.T) {
	for _, g := range containerds {
		t.Run(g.name, func(t *testing.T) {
			c := g.start(t)
			run := func(t *testing.T, flags ...string) string {
				t.Helper()
				id := newID(t, "names")
				must(t, c.ctr(slices.Concat([]string{"-n", ctrNamespace, "run", "--rm"}, flags, []string{fullImage, id, "true"})...))
				return id
			}
			runc, shim := "runc", "containerd-shim-runc-v2"
			if len(c.path) > 0 {
				runc, shim = filepath.Join(c.path[1], runc), filepath.Join(c.path[0], shim)
			}
			checkNamings(t, runc, namings, func(t *testing.T, path string) string {
				if path == "" {
					return run(t)
				}
				return run(t, "--runc-binary", path)
			})
			checkNamings(t, shim, shimNamings, func(t *testing.T, path string) string {
				if path == "" {
					return run(t)
				}
				return run(t, "--runtime", path)
			})
		})
	}
}

// TestNamesDocker starts containers by Docker with runtimes and shims of other names.
func TestNamesDocker(t *testing.T) {
	host.NeedRoot(t)
	runc, shim := filepath.Join(tools.Runc15.Need(t), "runc"), filepath.Join(tools.Containerd2.Need(t), "containerd-shim-runc-v2")
	dir := t.TempDir()
	runtimes := map[string]map[string]string{}
	for _, n := range namings {
		runtimes[n.title("runc")] = map[string]string{"path": n.path(t, dir, runc)}
	}
	for _, n := range shimNamings {
		runtimes[shimRuntime(n)] = map[string]string{"runtimeType": n.path(t, t.TempDir(), shim)}
	}
	config, err := json.Marshal(map[string]any{"runtimes": runtimes})
	if err != nil {
		t.Fatal(err)
	}
	m := needMoby(t, "--config-file", writeFile(t, "daemon.json", string(config), 0o644))
	run := func(t *testing.T, runtime string) string {
		t.Helper()
		args := []string{"--network", "none"}
		if runtime != "" {
			args = append(args, "--runtime", runtime)
		}
		id, r := m.run(t, append(args, image, "true")...)
		if r.code != 0 {
			t.Fatal(r)
		}
		return id
	}
	checkNamings(t, runc, namings, func(t *testing.T, path string) string {
		if path != "" {
			path = filepath.Base(path)
		}
		return run(t, path)
	})
	checkNamings(t, shim, shimNamings, func(t *testing.T, path string) string {
		for _, n := range shimNamings {
			if path != "" && filepath.Base(path) == n.title(filepath.Base(shim)) {
				return run(t, shimRuntime(n))
			}
		}
		return run(t, "")
	})
}

// shimRuntime is the name of the runtime that Docker executes a shim of that name for.
func shimRuntime(n naming) string { return "shim-" + strings.ReplaceAll(n.name, "%s", "plain") }

// TestNamesPodman starts containers by runtimes of other names, under conmon.
func TestNamesPodman(t *testing.T) {
	for _, runtime := range []string{"runc", "crun"} {
		t.Run(runtime, func(t *testing.T) {
			p := needPodman(t, runtime, "cni")
			checkNamings(t, runtime, namings, func(t *testing.T, path string) string {
				t.Helper()
				idFile := filepath.Join(t.TempDir(), "id")
				var flags []string
				if path != "" {
					flags = []string{"--runtime", path}
				}
				p.detached(t, slices.Concat(flags, []string{"run", "-d", "--network", "none", "--cidfile", idFile, fullImage, "true"})...)
				return readFile(t, idFile)
			})
		})
	}
}

// TestNamesBare starts containers by runtimes of other names, without an engine.
func TestNamesBare(t *testing.T) {
	known := slices.DeleteFunc(slices.Clone(namings), func(n naming) bool { return !n.known || n.wrapper })
	eachRuntime(t, func(t *testing.T, r bareRuntime) {
		plain := r.name
		checkNamings(t, plain, known, func(t *testing.T, path string) string {
			t.Helper()
			if r.name = path; path == "" {
				r.name = plain
			}
			id := newID(t, "names")
			if res := execute(t, r.cmd("run", "--bundle", bundle(t, "/bin/true"), id)); res.code != 0 {
				t.Fatal(res)
			}
			return id
		})
	})
}

// TestAddedNames starts containers by a runtime whose name only a flag makes known.
func TestAddedNames(t *testing.T) {
	eachRuntime(t, func(t *testing.T, r bareRuntime) {
		plain := r.name
		w := &watcher{attach(t, "watch", "--format", "json", "--runtime.name", "tank")}
		r.name = naming{name: "tank", make: copyFile}.path(t, t.TempDir(), plain)
		for _, argv0 := range []string{"", "submarine"} {
			id := newID(t, "added")
			cmd := r.cmd("run", "--bundle", bundle(t, "/bin/true"), id)
			if argv0 != "" && len(r.prefix) == 0 {
				cmd.Args[0] = argv0
			}
			if res := execute(t, cmd); res.code != 0 {
				t.Fatal(res)
			}
			checkStarted(t, w.wait(t, id)[id], "none", "tank", setUpPhases(plain))
		}
	})
}
