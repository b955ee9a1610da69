package kernels

import (
	"cmp"
	"flag"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"container_start_exporter/test/host"
)

var kernelsFlag = flag.String("kernels", "", "series of Debian's cloud kernels to boot, such as \"5.10 6.12-arm64 newest\"")

func TestMain(m *testing.M) { os.Exit(host.Main(m)) }

// eachKernel runs a test for each kernel that -kernels names, in parallel: as
// many at a time as -parallel allows. A kernel of another architecture is named
// as in 6.12-arm64.
func eachKernel(t *testing.T, test func(*testing.T, Kernel)) {
	runOn(t, strings.Fields(*kernelsFlag), test)
}

// firstAndLastKernel runs a test as eachKernel does, for the first and the last kernel
// that -kernels names: what they agree on holds between them.
func firstAndLastKernel(t *testing.T, test func(*testing.T, Kernel)) {
	names := strings.Fields(*kernelsFlag)
	if n := len(names); n > 2 {
		names = []string{names[0], names[n-1]}
	}
	runOn(t, names, test)
}

func runOn(t *testing.T, names []string, test func(*testing.T, Kernel)) {
	if len(names) == 0 {
		t.Skip("no kernels to boot: make test-kernels")
	}
	t.Parallel()
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := kernelOf(t, name)
			t.Log(k)
			test(t, k)
		})
	}
}

// isBetween returns whether a test of a kernel is not one of firstAndLastKernel.
func isBetween(t *testing.T) bool {
	names := strings.Fields(*kernelsFlag)
	name := strings.Split(t.Name(), "/")[1]
	return name != names[0] && name != names[len(names)-1]
}

// archives are the open archives by architecture. All tests share them, because
// updating their lists takes long.
var archives = struct {
	sync.Mutex
	byArch map[string]*Archive
}{byArch: map[string]*Archive{}}

func kernelOf(t *testing.T, name string) Kernel {
	t.Helper()
	series, arch, _ := strings.Cut(name, "-")
	arch = cmp.Or(arch, runtime.GOARCH)
	archives.Lock()
	defer archives.Unlock()
	if archives.byArch[arch] == nil {
		a, err := OpenArchive(t.Context(), arch)
		if err != nil {
			t.Fatal(err)
		}
		archives.byArch[arch] = a
	}
	k, err := archives.byArch[arch].Kernel(t.Context(), series)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestMachine boots each kernel and checks what Machine and Initramfs promise.
func TestMachine(t *testing.T) {
	eachKernel(t, func(t *testing.T, k Kernel) {
		m := Machine{Name: t.Name(), Kernel: k, Initramfs: Initramfs{
			Load:    []string{"overlay", "br-netfilter"},
			Carry:   []string{"veth"},
			Files:   map[string]string{"/etc/carried": "machine.go"},
			Command: "uname -r\nlsmod\nhead -n 1 /etc/carried\nls /modules\nmount\nnproc\nexit 7\n",
		}}
		c, err := m.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Log(c.Log, "\n"+c.Output)
		for _, want := range []string{k.Release, "overlay ", "br_netfilter ", "package kernels", "veth.ko", "cgroup2 on /sys/fs/cgroup"} {
			if !strings.Contains(c.Output, want) {
				t.Errorf("no %q in its output", want)
			}
		}
		if strings.Contains(c.Output, "\nveth ") {
			t.Error("veth is loaded; it should only be in /modules")
		}
		if c.Exit != 7 {
			t.Errorf("exit status %d, want 7", c.Exit)
		}
	})
}
