package kernels

import (
	"cmp"
	"flag"
	"runtime"
	"strings"
	"testing"
)

var kernelsFlag = flag.String("kernels", "", "series of Debian's cloud kernels to boot, such as \"5.10 6.12-arm64 newest\"")

// eachKernel runs a test for each kernel that the flag names. One of another
// architecture is called such as 6.12-arm64.
func eachKernel(t *testing.T, test func(*testing.T, Kernel)) {
	if *kernelsFlag == "" {
		t.Skip("no kernels to boot: make test-kernels")
	}
	archives := map[string]*Archive{}
	for _, name := range strings.Fields(*kernelsFlag) {
		series, arch, _ := strings.Cut(name, "-")
		arch = cmp.Or(arch, runtime.GOARCH)
		t.Run(name, func(t *testing.T) {
			if archives[arch] == nil {
				a, err := OpenArchive(t.Context(), arch)
				if err != nil {
					t.Fatal(err)
				}
				archives[arch] = a
			}
			k, err := archives[arch].Kernel(t.Context(), series)
			if err != nil {
				t.Fatal(err)
			}
			t.Log(k)
			test(t, k)
		})
	}
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
