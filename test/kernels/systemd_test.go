package kernels

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// systemdHost is Debian 13 with systemd: Docker 26.1 and containerd 1.7 by their units,
// and Podman 5.4.
var systemdHost = Image{
	Suite: "trixie",
	Packages: append(slices.Clone(engines), "docker-cli", "systemd", "systemd-sysv", "dbus",
		"podman", "conmon", "netavark", "nftables", "iproute2", "procps"),
}

// needless are the units of systemdHost that no container needs.
var needless = []string{
	"getty.target", "timers.target", "ldconfig.service", "systemd-logind.service",
	"systemd-journal-catalog-update.service", "systemd-journal-flush.service",
}

// TestSystemd starts containers with each engine where systemd is the first process and
// makes their cgroups, on v2 with all controllers, on the last kernel: see guest.
func TestSystemd(t *testing.T) {
	names := strings.Fields(*kernelsFlag)
	runOn(t, names[max(0, len(names)-1):], func(t *testing.T, k Kernel) {
		if k.Arch != runtime.GOARCH {
			t.Skip("its userland cannot be installed on this host")
		}
		options := []string{"pid1=systemd", "quiet", "systemd.show_status=0", "systemd.wants=main.service", "systemd.unit=multi-user.target"}
		for _, unit := range needless {
			options = append(options, "systemd.mask="+unit)
		}
		runGuest(t, Machine{
			Name: t.Name(), Kernel: k, Disks: []string{disk(t, systemdHost)}, Memory: 2048, Timeout: 15 * time.Minute,
			Append: strings.Join(options, " "),
			Initramfs: Initramfs{
				Load: dockerModules(k),
				Files: map[string]string{
					"/usr/local/bin/container_start_exporter": host.StaticExporter(t),
					"/usr/local/bin/guest":                    host.Build(t, "container_start_exporter/test/kernels/guest"),
				},
				Command: "exec guest systemd",
			},
		})
	})
}
