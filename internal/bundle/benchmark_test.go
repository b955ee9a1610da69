package bundle

import (
	"os"
	"strings"
	"testing"
)

// dockerID is the container's id in testdata: the files of a container of Docker 20.10.
var dockerID = strings.Repeat("c0ffee", 10) + "c0ff"

// dockerFiles writes the files of testdata below a directory, and returns the bundle's.
func dockerFiles(t testing.TB) string {
	t.Helper()
	config, err := os.ReadFile("testdata/docker.config.json")
	if err != nil {
		t.Fatal(err)
	}
	state, err := os.ReadFile("testdata/docker.config.v2.json")
	if err != nil {
		t.Fatal(err)
	}
	dir := write(t, map[string]string{dockerID + "/config.v2.json": string(state)})
	return write(t, map[string]string{
		"config.json": strings.ReplaceAll(string(config), "/var/lib/docker/containers", dir),
	})
}

// BenchmarkRead reads the bundle of a Docker container, with its name and image.
func BenchmarkRead(b *testing.B) {
	me := self(b)
	x := execution{pid: me.pid, startTime: me.startTime, mntNS: me.mntNS, bundle: dockerFiles(b), id: dockerID}
	g := newGate(me.mntNS, me.mntNS)
	b.ReportAllocs()
	for b.Loop() {
		bundle, _, err := x.read(g)
		if err != nil || bundle.Name != "web" {
			b.Fatal(bundle, err)
		}
	}
}

// BenchmarkReadConfig parses a config.json of Docker's.
func BenchmarkReadConfig(b *testing.B) {
	content, err := os.ReadFile("testdata/docker.config.json")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := readConfig(strings.NewReader(string(content))); err != nil {
			b.Fatal(err)
		}
	}
}
