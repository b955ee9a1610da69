package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"container_start_exporter/test/host"
)

// TestSecretsOfBareStarts plants secrets in all that a bare runtime is given, and
// looks for them in every output. Most of the starts fail, each in another way.
func TestSecretsOfBareStarts(t *testing.T) {
	eachRuntime(t, func(t *testing.T, r bareRuntime) {
		s := &secrets{}
		o := observeOutputs(t, s)
		shown := map[string]string{}
		for _, start := range []secretStart{
			{"plain", nil}, {"missing", failAtEntrypoint}, {"format", failAtExec}, {"hook", failAtHook}, {"mount", failAtMount},
		} {
			id := newID(t, start.name)
			if res := execute(t, start.cmd(t, r, s, id)); (res.code == 0) != (start.fail == nil) {
				t.Errorf("%s run of %s: %v", r.name, start.name, res)
			}
			shown[id] = id[:10]
		}
		o.runUnder(t, func(id string) *exec.Cmd { return secretStart{"run", failAtMount}.cmd(t, r, s, id) })
		o.check(t, shown)
	})
}

// secretStart is a start by a bare runtime with a secret in all that the runtime is
// given.
type secretStart struct {
	name string
	fail func(t *testing.T, s *secrets, spec map[string]any) // nil if it succeeds
}

// cmd returns the command that runs the container.
func (c secretStart) cmd(t *testing.T, r bareRuntime, s *secrets, id string) *exec.Cmd {
	t.Helper()
	dir := bundle(t, "/bin/echo", s.plant(c.recorded(), c.name+"'s argument of the entrypoint"))
	host.ChangeSpec(t, dir, func(spec map[string]any) {
		process := spec["process"].(map[string]any)
		process["env"] = append(process["env"].([]any), s.variable(c.name+"'s container"))
		spec["hostname"] = s.plant(private, c.name+"'s host name")
		spec["annotations"] = map[string]any{
			"com.example.token": s.plant(private, c.name+"'s annotation"),
			"com.example." + s.plant(private, c.name+"'s name of an annotation"): "x",
		}
		c.addOverlay(t, s, spec)
		c.addHook(t, s, spec, id)
		if c.fail != nil {
			c.fail(t, s, spec)
		}
	})
	log := filepath.Join(t.TempDir(), s.plant(recorded, c.name+"'s argument of the runtime"))
	cmd := r.cmd("--log", log, "run", "--bundle", dir, id)
	cmd.Env = append(os.Environ(), s.variable(c.name+"'s runtime"),
		"BAGGAGE=token="+s.plant(recorded, c.name+"'s baggage"), "TRACESTATE=token="+s.plant(recorded, c.name+"'s trace state"))
	return cmd
}

// recorded returns whether events show the secrets of a start in what comes late: a
// start that fails may not come to it.
func (c secretStart) recorded() secretKind {
	if c.fail == nil {
		return recorded
	}
	return perhaps
}

// addOverlay adds a mount with data that the kernel accepts.
func (c secretStart) addOverlay(t *testing.T, s *secrets, spec map[string]any) {
	t.Helper()
	addMount(spec, "overlay", "/sys", overlayOptions(t, s.plant(c.recorded(), c.name+"'s data of a mount"))...)
}

// overlayOptions returns mount options of an overlay, one of whose directories is
// named like a secret.
func overlayOptions(t *testing.T, secret string) []string {
	t.Helper()
	dir := t.TempDir()
	var options []string
	for _, option := range []string{"lowerdir=" + secret, "upperdir=upper", "workdir=work"} {
		name, directory, _ := strings.Cut(option, "=")
		path := filepath.Join(dir, directory)
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		options = append(options, name+"="+path)
	}
	return options
}

// addMount adds a mount with options to a bundle.
func addMount(spec map[string]any, fsType, target string, options ...string) {
	spec["mounts"] = append(spec["mounts"].([]any), map[string]any{
		"source": fsType, "destination": target, "type": fsType, "options": options,
	})
}

// networkHook is an OCI hook that executes network programs: an iptables run that
// changes nothing, and what looks like a CNI plugin.
const networkHook = `#!/bin/sh
cat >/dev/null
iptables -t nat -C OUTPUT -m comment --comment "$1" -j RETURN 2>/dev/null
CNI_COMMAND=ADD CNI_IFNAME=eth0 CNI_CONTAINERID=%s CNI_ARGS="TOKEN=$2" CNI_PATH="$3" %s "$4"
exit 0
`

// addHook adds an OCI hook. Its directory, its arguments and its environment are
// secret; its name is not.
func (c secretStart) addHook(t *testing.T, s *secrets, spec map[string]any, id string) {
	t.Helper()
	truth, err := exec.LookPath("true")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), s.plant(c.recorded(), c.name+"'s directory of a hook"), "hook-name")
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, fmt.Appendf(nil, networkHook, id, truth), 0o755); err != nil {
		t.Fatal(err)
	}
	spec["hooks"] = map[string]any{"createRuntime": []any{map[string]any{
		"path": path,
		"args": []string{"hook-name", s.plant(c.recorded(), c.name+"'s argument of iptables"),
			s.plant(c.recorded(), c.name+"'s CNI_ARGS"), s.plant(perhaps, c.name+"'s CNI_PATH"),
			s.plant(c.recorded(), c.name+"'s argument of a CNI plugin")},
		"env": []string{"PATH=" + os.Getenv("PATH"), s.variable(c.name + "'s hook")},
	}}}
}

// failAtEntrypoint makes an entrypoint that does not exist fail.
func failAtEntrypoint(_ *testing.T, s *secrets, spec map[string]any) {
	spec["process"].(map[string]any)["args"] = []string{
		"/no/such/" + s.plant(perhaps, "path of an entrypoint that is missing"), s.plant(perhaps, "argument of an entrypoint that is missing"),
	}
}

// failAtExec makes an entrypoint fail that the kernel cannot execute.
func failAtExec(t *testing.T, s *secrets, spec map[string]any) {
	entrypointFile("neither an ELF file nor a script\n", 0o755)(t, spec)
	process := spec["process"].(map[string]any)
	process["args"] = append(process["args"].([]string), s.plant(perhaps, "argument of an entrypoint of a wrong format"))
}

// failAtHook makes an OCI hook fail, whose arguments and environment are secret.
func failAtHook(_ *testing.T, s *secrets, spec map[string]any) {
	spec["hooks"].(map[string]any)["prestart"] = []any{map[string]any{
		"path": "/bin/sh", "args": []string{"sh", "-c", "cat >/dev/null; echo $1 $TOKEN >&2; exit 3", "", s.plant(recorded, "argument of a hook that fails")},
		"env": []string{s.variable("a hook that fails")},
	}}
}

// failAtMount makes a mount fail because the kernel does not accept its data.
func failAtMount(_ *testing.T, s *secrets, spec map[string]any) {
	addMount(spec, "tmpfs", "/tmp", "token="+s.plant(recorded, "data of a mount that fails"))
}
