// Package tools builds programs that the tests start, because the distribution has none or
// only older versions: engines, runtimes, Kubernetes. Nested modules pin each, and all that
// it is built from. They are test tools only, and no dependency of the exporter.
package tools

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"container_start_exporter/test/debian"
	"container_start_exporter/test/host"
)

// Set is a set of programs that one nested module pins.
type Set struct {
	Module   string   // directory of the nested module, from the root of this one
	Packages []string // that are built
	Flags    []string // of go build
	Cgo      bool     // the programs are linked against the host's C library and libseccomp
	Optional bool     // if it cannot be built, tests that need it are skipped

	once sync.Once
	dir  string
	err  error
}

var (
	// Containerd2 are containerd 2, its shim and its client.
	Containerd2 = &Set{
		Module: "test/tools/containerd",
		Packages: []string{
			"github.com/containerd/containerd/v2/cmd/containerd",
			"github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
			"github.com/containerd/containerd/v2/cmd/ctr",
		},
		Flags: []string{"-tags", "no_btrfs no_devmapper no_zfs"},
	}
	// Runc12 and those that follow are runc 1.2, 1.5 and a candidate of 1.6.
	Runc12 = runc("runc-1.2")
	Runc15 = runc("runc")
	Runc16 = runc("runc-1.6")
	// Kubelet is the node's agent, which takes minutes to build.
	Kubelet = &Set{
		Module:   "test/tools/kubernetes",
		Packages: []string{"k8s.io/kubernetes/cmd/kubelet"},
		Flags:    quickly,
	}
	// ControlPlane are the programs that make nodes a cluster, and its client; etcd's is named
	// server.
	ControlPlane = &Set{
		Module: "test/tools/kubernetes",
		Packages: []string{
			"k8s.io/kubernetes/cmd/kube-apiserver",
			"k8s.io/kubernetes/cmd/kube-controller-manager",
			"k8s.io/kubernetes/cmd/kube-scheduler",
			"k8s.io/kubernetes/cmd/kubectl",
			"go.etcd.io/etcd/server/v3",
		},
		Flags: quickly,
	}
)

// runc is the runc of a module in this directory. It links libseccomp: without it, it lacks
// what its users' builds have.
func runc(module string) *Set {
	return &Set{
		Module:   "test/tools/" + module,
		Packages: []string{"github.com/opencontainers/runc"},
		Flags:    []string{"-tags", "seccomp"},
		Cgo:      true,
	}
}

// quickly are flags for large programs whose speed does not matter: the build takes a third
// longer if the compiler optimizes them and writes what a debugger reads.
var quickly = []string{"-trimpath", "-gcflags=all=-N -l -dwarf=false", "-ldflags=-s -w"}

// Need returns the directory of the programs. It is in the user's cache, because the first
// build takes minutes; its key covers all that pins or builds them.
func (s *Set) Need(t testing.TB) string {
	t.Helper()
	if s.Cgo {
		host.NeedProgram(t, "gcc", "gcc")
		host.NeedFile(t, "/usr/include/seccomp.h", "libseccomp-dev")
	}
	s.once.Do(func() { s.dir, s.err = s.build() })
	if s.err != nil && s.Optional {
		t.Skipf("%s cannot be built: %v", s.Module, s.err)
	} else if s.err != nil {
		t.Fatalf("build %s: %v", s.Module, s.err)
	}
	return s.dir
}

func (s *Set) build() (string, error) {
	module, err := s.moduleDir()
	if err != nil {
		return "", err
	}
	key, err := s.key(module)
	if err != nil {
		return "", err
	}
	cache, err := debian.Cache("tools")
	if err != nil {
		return "", err
	}
	return debian.Cached(cache, filepath.Base(module)+"-"+key, func(work string) (string, error) {
		made := filepath.Join(work, "programs")
		if err := os.Mkdir(made, 0o755); err != nil {
			return "", err
		}
		cmd := exec.Command("go", slices.Concat([]string{"build", "-buildvcs=false", "-o", made + "/"}, s.Flags, s.Packages)...)
		cmd.Dir = module
		cgo := "CGO_ENABLED=0"
		if s.Cgo {
			cgo = "CGO_ENABLED=1"
		}
		cmd.Env = append(os.Environ(), cgo)
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%w\n%s", err, out)
		}
		return made, nil
	})
}

// moduleDir returns the path of the nested module: tests run in their package's directory.
func (s *Set) moduleDir() (string, error) {
	file, err := debian.Output(exec.Command("go", "env", "GOMOD"))
	if err != nil {
		return "", err
	}
	return filepath.Join(filepath.Dir(strings.TrimSpace(file)), s.Module), nil
}

func (s *Set) key(module string) (string, error) {
	hash := sha256.New()
	files, err := filepath.Glob(filepath.Join(module, "*"))
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
	fmt.Fprint(hash, s.Packages, s.Flags, s.Cgo)
	return fmt.Sprintf("%x", hash.Sum(nil)[:8]), nil
}
