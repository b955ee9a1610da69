package main

import (
	"os/exec"
	"strings"
	"testing"

	"container_start_exporter/test/host"
)

// TestNoBTF runs the exporter where the kernel's BTF is hidden: each command says so in
// one line, with what to do.
func TestNoBTF(t *testing.T) {
	needRoot(t)
	const hide = `mount -t tmpfs none /sys/kernel/btf && exec "$@"`
	for name, c := range map[string]struct {
		args []string
		code int
	}{
		"check": {[]string{"check"}, statusFailed},
		"serve": {[]string{"serve", "--web.listen-address=127.0.0.1:0"}, statusFailed},
		"watch": {[]string{"watch"}, statusFailed},
		"run":   {[]string{"run", "--", "true"}, statusOwnFailure},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"--mount", "sh", "-c", hide, "sh", host.Exporter(t)}, c.args...)
			got := finish(t, exec.Command("unshare", args...))
			lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
			last := lines[len(lines)-1]
			if got.code != c.code || !strings.Contains(last, "no BTF (no /sys/kernel/btf/vmlinux)") || !strings.Contains(last, "CONFIG_DEBUG_INFO_BTF") {
				t.Errorf("%+v", got)
			}
			if name != "serve" && len(lines) != 1 {
				t.Errorf("more than one line: %q", got.stderr)
			}
		})
	}
}
