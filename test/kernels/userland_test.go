package kernels

import (
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// engines are the packages of the engines and runtimes, and of what they and
// their containers need.
var engines = []string{"docker.io", "containerd", "runc", "crun", "iptables", "busybox-static"}

// userlands are an older and a newer generation of engines: Docker 20.10 with
// runc 1.1 and crun 1.8, and Docker 26 with a later runc 1.1 and crun 1.21.
var userlands = []Image{
	{Suite: "bookworm", Packages: engines},
	{Suite: "trixie", Packages: append(slices.Clone(engines), "docker-cli")},
}

// dockerModules returns the modules that Docker needs. A machine loads no module
// on demand.
func dockerModules(k Kernel) []string {
	names := []string{
		"overlay", "veth", "bridge", "br_netfilter",
		"nf_tables", "nft_compat", "nft_chain_nat", "nf_conntrack_netlink",
		"xt_MASQUERADE", "xt_addrtype", "xt_conntrack", "xt_nat", "xt_tcpudp",
	}
	const counter = "nft_counter" // a part of nf_tables since 5.17
	if _, err := k.Modules.Order(counter); err == nil {
		names = append(names, counter)
	}
	return names
}

// TestUserland starts containers with each runtime and engine on each kernel,
// with both versions of cgroups, beside the exporter: see guest. Between the
// first and the last kernel the older engines have v1, the newer ones v2.
func TestUserland(t *testing.T) {
	eachKernel(t, func(t *testing.T, k Kernel) {
		if k.Arch != runtime.GOARCH {
			t.Skip("its userland cannot be installed on this host")
		}
		files := map[string]string{
			"/usr/local/bin/container_start_exporter": host.StaticExporter(t),
			"/usr/local/bin/guest":                    host.Build(t, "container_start_exporter/test/kernels/guest"),
		}
		for _, image := range userlands {
			for _, cgroup := range []string{"v1", "v2"} {
				if isBetween(t) && (cgroup == "v1") != (image.Suite == userlands[0].Suite) {
					continue
				}
				t.Run(image.Suite+"/"+cgroup, func(t *testing.T) {
					t.Parallel()
					runGuest(t, Machine{
						Name: t.Name(), Kernel: k, Disks: []string{disk(t, image)}, Append: "cgroup=" + cgroup, Memory: 2048, Timeout: 15 * time.Minute,
						Initramfs: Initramfs{
							Load: dockerModules(k), Files: files,
							Command: "mount -t tmpfs tmpfs /tmp && mkdir -p /var/lib/docker && mount -t tmpfs tmpfs /var/lib/docker && exec guest",
						},
					})
				})
			}
		}
	})
}

// runGuest runs guest in a machine, and reports each of its checks as a subtest.
func runGuest(t *testing.T, m Machine) {
	began := time.Now()
	c, err := m.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%v, %s", time.Since(began).Round(time.Second), c.Log)
	ended := false
	for line := range strings.Lines(c.Output) {
		var found struct {
			Check    string
			Problems []string
		}
		if json.Unmarshal([]byte(line), &found) != nil {
			t.Log(strings.TrimSpace(line)) // output of programs in the machine
			continue
		}
		if found.Check == "end" {
			ended = true
			continue
		}
		t.Run(found.Check, func(t *testing.T) {
			for _, problem := range found.Problems {
				t.Error(problem)
			}
		})
	}
	if c.Exit != 0 || !ended {
		t.Errorf("guest exits with %d", c.Exit)
	}
}
