package host

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Bundle makes an OCI bundle for one test and returns its directory: runc's default
// configuration, but with this root file system and these arguments, the entrypoint
// first, and without a terminal and resource limits.
func Bundle(t testing.TB, root string, args ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if out, err := exec.Command("runc", "spec", "--bundle", dir).CombinedOutput(); err != nil {
		t.Fatalf("runc spec: %v\n%s", err, out)
	}
	ChangeSpec(t, dir, func(spec map[string]any) {
		spec["ociVersion"] = "1.0.2" // crun 1.8 rejects newer ones
		spec["root"].(map[string]any)["path"] = root
		process := spec["process"].(map[string]any)
		process["args"], process["terminal"] = args, false
		process["rlimits"] = []any{} // raising one needs CAP_SYS_RESOURCE
	})
	return dir
}

// ChangeSpec changes the config.json of the bundle in a directory. Spec is what the
// file is decoded into: a map[string]any, or a pointer to a struct, which loses the
// fields that the struct does not have.
func ChangeSpec[Spec any](t testing.TB, dir string, change func(Spec)) {
	t.Helper()
	path := filepath.Join(dir, "config.json")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var spec Spec
	if err := json.Unmarshal(content, &spec); err != nil {
		t.Fatalf("decode %s: %v", path, err)
	}
	change(spec)
	if content, err = json.Marshal(spec); err != nil {
		t.Fatalf("encode %s: %v", path, err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}
