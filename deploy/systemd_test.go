package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"container_start_exporter/test/host"
)

const unit = "container_start_exporter.service"

// settings returns the lines NAME=VALUE of the unit. A name that is set twice
// fails the test.
func settings(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for line := range strings.Lines(string(read(t, unit))) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			if _, twice := all[name]; twice {
				t.Errorf("%s is set twice", name)
			}
			all[name] = value
		}
	}
	return all
}

func TestUnitPrivileges(t *testing.T) {
	s := settings(t)
	var want []string
	for _, c := range append([]string{"DAC_READ_SEARCH"}, inContainer...) {
		want = append(want, "CAP_"+c)
	}
	equalSets(t, "ambient capabilities", strings.Fields(s["AmbientCapabilities"]), want)
	equalSets(t, "bounding capabilities", strings.Fields(s["CapabilityBoundingSet"]), want)
	for name, value := range map[string]string{
		"Type": "notify", "DynamicUser": "yes", "NoNewPrivileges": "yes", "ProtectSystem": "strict",
		// what the probes and the veths need
		"PrivateNetwork": "", "PrivateUsers": "", "ProtectProc": "", "LimitMEMLOCK": "infinity",
	} {
		if s[name] != value {
			t.Errorf("%s=%s, want %q", name, s[name], value)
		}
	}
	for _, word := range []string{"bpf", "perf_event_open"} {
		if !strings.Contains(s["SystemCallFilter"], word) {
			t.Errorf("SystemCallFilter=%s: lacks %s", s["SystemCallFilter"], word)
		}
	}
	for _, family := range []string{"AF_NETLINK", "AF_INET", "AF_INET6"} {
		if !strings.Contains(s["RestrictAddressFamilies"], family) {
			t.Errorf("RestrictAddressFamilies=%s: lacks %s", s["RestrictAddressFamilies"], family)
		}
	}
}

// TestUnitVerifies runs systemd-analyze verify, which requires that the binary
// exists.
func TestUnitVerifies(t *testing.T) {
	analyze := host.NeedProgram(t, "systemd-analyze", "systemd")
	dir := t.TempDir()
	binary := filepath.Join(dir, "container_start_exporter")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(read(t, unit)), "/usr/local/bin/container_start_exporter", binary)
	file := filepath.Join(dir, unit)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(analyze, "verify", "--man=no", file).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}

// TestUnitExposure runs systemd-analyze security, which rates the exposure of the
// service from 0 (none) to 10; a threshold of 30 is 3.0. What remains is due to
// the capabilities and the network.
func TestUnitExposure(t *testing.T) {
	analyze := host.NeedProgram(t, "systemd-analyze", "systemd")
	out, err := exec.Command(analyze, "security", "--offline=yes", "--threshold=30", "./"+unit).CombinedOutput()
	if err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}
