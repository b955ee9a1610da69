package e2e

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestSecretsOfDocker plants secrets in the options of docker run, and looks for them
// in every output. Some of the starts fail.
func TestSecretsOfDocker(t *testing.T) {
	d := needDocker(t)
	s := &secrets{}
	o := observeOutputs(t, s)
	options := func() []string {
		return []string{
			"-e", s.variable("docker's container"),
			"--label", "com.example.token=" + s.plant(perhaps, "docker's label"),
			"-v", filepath.Join(t.TempDir(), s.plant(source, "source of docker's mount")) + ":/data",
			"--hostname", s.plant(perhaps, "docker's host name"),
			"--mount", "type=volume,dst=/overlay,volume-driver=local,volume-opt=type=overlay,volume-opt=device=overlay," +
				`"volume-opt=o=` + strings.Join(overlayOptions(t, s.plant(recorded, "data of docker's volume")), ",") + `"`,
		}
	}
	shown := map[string]string{}
	for _, start := range []struct {
		name     string
		succeeds bool
		args     []string
	}{
		{"s-echo", true, []string{"echo", s.plant(recorded, "argument of docker's entrypoint")}},
		{"s-missing", false, []string{"/no/such/" + s.plant(perhaps, "path of docker's entrypoint"), s.plant(perhaps, "argument of docker's missing entrypoint")}},
	} {
		id, res := d.run(t, slices.Concat(options(), []string{"--name", start.name, image}, start.args)...)
		if (res.code == 0) != start.succeeds {
			t.Errorf("docker run %v: %v", start.args, res)
		}
		shown[id] = start.name
	}
	o.check(t, shown)
}

// TestSecretsOfContainerd plants secrets in the environment of containerd, which its
// shims and runtimes inherit, and in the options of ctr run.
func TestSecretsOfContainerd(t *testing.T) {
	s := &secrets{}
	t.Setenv("TOKEN", s.plant(private, "environment of containerd"))
	c := containerds[0].start(t)
	o := observeOutputs(t, s)
	run := func(id string) *exec.Cmd {
		return c.ctr("-n", ctrNamespace, "run", "--rm", "--env", "TOKEN="+s.plant(perhaps, "environment of ctr's container"),
			"--label", "com.example.token="+s.plant(perhaps, "ctr's label"),
			"--annotation", "com.example.token="+s.plant(perhaps, "ctr's annotation"),
			"--mount", "type=overlay,src=overlay,dst=/sys,options="+strings.Join(overlayOptions(t, s.plant(recorded, "data of ctr's mount")), ":"),
			fullImage, id, "echo", s.plant(recorded, "argument of ctr's entrypoint"))
	}
	id := newID(t, "ctr")
	must(t, run(id))
	o.runUnder(t, run)
	o.check(t, map[string]string{id: id[:10]})
}
