package e2e

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"container_start_exporter/test/host"
)

// goTool is a set of programs that a nested module in testdata pins and builds,
// because the distribution has none or only an older version.
type goTool struct {
	module   string // directory in testdata
	packages []string
	flags    []string
	cgo      bool
	optional bool // if it cannot be built, tests that need it are skipped

	once sync.Once
	dir  string
	err  error
}

var (
	containerd2 = &goTool{
		module: "containerd",
		packages: []string{
			"github.com/containerd/containerd/v2/cmd/containerd",
			"github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
			"github.com/containerd/containerd/v2/cmd/ctr",
		},
		flags: []string{"-tags", "no_btrfs no_devmapper no_zfs"},
	}
	// runc15 links libseccomp: without it, it lacks what its users' builds have.
	runc15 = &goTool{
		module:   "runc",
		packages: []string{"github.com/opencontainers/runc"},
		flags:    []string{"-tags", "seccomp"},
		cgo:      true,
	}
	criClient = &goTool{module: "cri", packages: []string{"."}}
)

// need returns the directory of the programs. It is in the user's cache, because
// the first build takes minutes; its key covers all that pins or builds them.
func (g *goTool) need(t *testing.T) string {
	t.Helper()
	if g.cgo {
		host.NeedProgram(t, "gcc", "gcc")
		host.NeedFile(t, "/usr/include/seccomp.h", "libseccomp-dev")
	}
	g.once.Do(func() { g.dir, g.err = g.build() })
	if g.err != nil && g.optional {
		t.Skipf("%s cannot be built: %v", g.module, g.err)
	} else if g.err != nil {
		t.Fatalf("build %s: %v", g.module, g.err)
	}
	return g.dir
}

func (g *goTool) build() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	key, err := g.key()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "container_start_exporter-e2e", g.module+"-"+key)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	// Built elsewhere and then renamed, so the directory is complete if it exists.
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	building, err := os.MkdirTemp(filepath.Dir(dir), "building-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(building)
	if err := os.Chmod(building, 0o755); err != nil {
		return "", err
	}
	args := append([]string{"build", "-buildvcs=false", "-o", building + "/"}, g.flags...)
	cmd := exec.Command("go", append(args, g.packages...)...)
	cmd.Dir = filepath.Join("testdata", g.module)
	cgo := "CGO_ENABLED=0"
	if g.cgo {
		cgo = "CGO_ENABLED=1"
	}
	cmd.Env = append(os.Environ(), cgo)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return dir, os.Rename(building, dir)
}

func (g *goTool) key() (string, error) {
	hash := sha256.New()
	files, err := filepath.Glob(filepath.Join("testdata", g.module, "*"))
	if err != nil {
		return "", err
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		hash.Write(content)
	}
	fmt.Fprint(hash, g.packages, g.flags, g.cgo)
	return fmt.Sprintf("%x", hash.Sum(nil)[:8]), nil
}
