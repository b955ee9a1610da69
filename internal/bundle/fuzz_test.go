package bundle

import (
	"bytes"
	"testing"

	"container_start_exporter/collector/event"
)

// FuzzReadConfig reads any bytes as a config.json: what is kept is bounded.
func FuzzReadConfig(f *testing.F) {
	f.Add([]byte(configJSON))
	for _, seed := range []string{
		`{}`, `[]`, `null`, `{"root":null}`, `{"root":{"path":"\u002f\ud800"}}`, `{"root":{"path":1}}`,
		`{"hooks":{"prestart":[{},{"path":"/x","args":["a",""]}],"poststop":[{"path":"/y"}]}}`,
		`{"process":{"capabilities":{"bounding":["CAP_KILL"]}}}`, `{"mounts":[{"destination":"/a","source":"/b"}]}`,
		`{"annotations":{"io.container.manager":"libpod","io.container.manager":""}}`, "{\"\xff\":[[[[]]]]}",
		`{"linux":{"namespaces":[{"path":"/n","type":"network"}],"seccomp":{"defaultAction":"SCMP_ACT_LOG"}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		c, err := readConfig(bytes.NewReader(content))
		if err != nil {
			return
		}
		if n := kept(c.bundle("/b")); n > 64<<10 {
			t.Errorf("%d bytes are kept", n)
		}
	})
}

// kept returns about how many bytes a bundle occupies.
func kept(b *event.Bundle) int {
	n := len(b.Root) + len(b.CgroupsPath) + len(b.NetnsPath) + cap(b.Hooks)*hookSize
	for _, h := range b.Hooks {
		n += len(h.Path) + cap(h.Args)*stringSize
		for _, arg := range h.Args {
			n += len(arg)
		}
	}
	for key, value := range b.Annotations {
		n += len(key) + len(value) + 2*stringSize
	}
	if b.Security == nil {
		return n
	}
	n += len(b.Security.AppArmor) + len(b.Security.Seccomp) + cap(b.Security.Capabilities)*stringSize
	for _, c := range b.Security.Capabilities {
		n += len(c)
	}
	return n
}
