package kernels

import (
	"cmp"
	"flag"
	"runtime"
	"strings"
	"sync"
	"testing"
)

var kernelsFlag = flag.String("kernels", "", "series of Debian's cloud kernels to boot, such as \"5.10 6.12-arm64 newest\"")

// eachKernel runs a test for each kernel that the flag names, at the same time
// as others: -parallel says how many. One of another architecture is called
// such as 6.12-arm64.
func eachKernel(t *testing.T, test func(*testing.T, Kernel)) {
	if *kernelsFlag == "" {
		t.Skip("no kernels to boot: make test-kernels")
	}
	t.Parallel()
	for _, name := range strings.Fields(*kernelsFlag) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := kernelOf(t, name)
			t.Log(k)
			test(t, k)
		})
	}
}

// archives are those that are open, by architecture: once for all tests, as it
// takes long to bring their lists up to date.
var archives = struct {
	sync.Mutex
	of map[string]*Archive
}{of: map[string]*Archive{}}

func kernelOf(t *testing.T, name string) Kernel {
	t.Helper()
	series, arch, _ := strings.Cut(name, "-")
	arch = cmp.Or(arch, runtime.GOARCH)
	archives.Lock()
	defer archives.Unlock()
	if archives.of[arch] == nil {
		a, err := OpenArchive(t.Context(), arch)
		if err != nil {
			t.Fatal(err)
		}
		archives.of[arch] = a
	}
	k, err := archives.of[arch].Kernel(t.Context(), series)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestMachine boots each kernel and looks at what the machine promises.
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
			t.Error("veth is loaded, where it was to be carried")
		}
		if c.Exit != 7 {
			t.Errorf("exit status %d, want 7", c.Exit)
		}
	})
}
