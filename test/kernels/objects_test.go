package kernels

import (
	"bytes"
	"testing"

	"github.com/cilium/ebpf"
)

// TestObjects compares the probes for arm64 with those for amd64, which are
// tested more: both have the same programs, attached to the same functions, and
// the same maps and variables.
func TestObjects(t *testing.T) {
	amd64, arm64 := objects(t, "x86"), objects(t, "arm64")
	for name, p := range amd64.Programs {
		q := arm64.Programs[name]
		if q == nil {
			t.Errorf("program %s: not for arm64", name)
		} else if p.Type != q.Type || p.AttachType != q.AttachType || p.AttachTo != q.AttachTo || p.License != q.License {
			t.Errorf("program %s: %v %v %q, for arm64 %v %v %q", name, p.Type, p.AttachType, p.AttachTo, q.Type, q.AttachType, q.AttachTo)
		}
	}
	for name, m := range amd64.Maps {
		n := arm64.Maps[name]
		if n == nil {
			t.Errorf("map %s: not for arm64", name)
		} else if m.Type != n.Type || m.KeySize != n.KeySize || m.ValueSize != n.ValueSize || m.MaxEntries != n.MaxEntries || m.Flags != n.Flags {
			t.Errorf("map %s: %v, for arm64 %v", name, m, n)
		}
	}
	for name, v := range amd64.Variables {
		w := arm64.Variables[name]
		if w == nil {
			t.Errorf("variable %s: not for arm64", name)
		} else if !bytes.Equal(bytesOf(t, v), bytesOf(t, w)) {
			t.Errorf("variable %s: has another value for arm64", name)
		}
	}
	if len(amd64.Programs) == 0 || len(amd64.Programs) != len(arm64.Programs) || len(amd64.Maps) != len(arm64.Maps) ||
		len(amd64.Variables) != len(arm64.Variables) {
		t.Errorf("%d programs, %d maps, %d variables; for arm64 %d, %d, %d", len(amd64.Programs), len(amd64.Maps),
			len(amd64.Variables), len(arm64.Programs), len(arm64.Maps), len(arm64.Variables))
	}
}

func objects(t *testing.T, arch string) *ebpf.CollectionSpec {
	t.Helper()
	spec, err := ebpf.LoadCollectionSpec("../../bpf/probes_" + arch + "_bpfel.o")
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func bytesOf(t *testing.T, v *ebpf.VariableSpec) []byte {
	t.Helper()
	value := make([]byte, v.Size())
	if err := v.Get(value); err != nil {
		t.Fatal(err)
	}
	return value
}
