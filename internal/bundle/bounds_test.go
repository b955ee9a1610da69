package bundle

import (
	"fmt"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"container_start_exporter/collector/event"
	"container_start_exporter/test/host"
)

// mebibyte returns a file of 1 MiB: first, then element as often as it fits with
// commas, then last.
func mebibyte(first, element, last string) string {
	n := (1<<20 - len(first) - len(last)) / (len(element) + 1)
	return first + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + last
}

// numbered returns count elements, in which each has a number of its own for %d.
func numbered(format string, count int) string {
	elements := make([]string, count)
	for i := range elements {
		elements[i] = fmt.Sprintf(format, i)
	}
	return strings.Join(elements, ",")
}

var hostileConfigs = map[string]string{
	"empty hooks":        mebibyte(`{"hooks":{"prestart":[`, `{}`, `]}}`),
	"hooks":              mebibyte(`{"hooks":{"prestart":[`, `{"path":"/x"}`, `]}}`),
	"hooks, long paths":  mebibyte(`{"hooks":{"createRuntime":[`, `{"path":"/`+strings.Repeat("x", 4000)+`"}`, `]}}`),
	"hooks, arguments":   mebibyte(`{"hooks":{"prestart":[{"path":"/x","args":[`, `""`, `]}]}}`),
	"hooks, argument":    mebibyte(`{"hooks":{"prestart":[`, `{"path":"/x","args":["`+strings.Repeat("x", 200)+`"]}`, `]}}`),
	"capabilities":       mebibyte(`{"process":{"capabilities":{"bounding":[`, `""`, `]}}}`),
	"long capabilities":  mebibyte(`{"process":{"capabilities":{"bounding":[`, `"`+strings.Repeat("C", 10000)+`"`, `]}}}`),
	"other capabilities": mebibyte(`{"process":{"capabilities":{"permitted":[`, `"x"`, `]}}}`),
	"annotations":        `{"annotations":{` + numbered(`"%d":""`, 85000) + `}}`,
	"an annotation":      mebibyte(`{"annotations":{`, `"io.container.manager":"libpod"`, `}}`),
	"mounts":             mebibyte(`{"mounts":[`, `{}`, `]}`),
	"bind mounts":        `{"mounts":[` + numbered(`{"destination":"/d/%[1]d","source":"/s/%[1]d"}`, 20000) + `]}`,
	"namespaces":         mebibyte(`{"linux":{"namespaces":[`, `{"type":"network"}`, `]}}`),
	"arrays":             `{"x":` + strings.Repeat(`[`, 1<<20-5),
	"objects":            strings.Repeat(`{"x":`, (1<<20)/5),
	"known objects":      strings.Repeat(`{"hooks":`, (1<<20)/9),
	"a path":             `{"root":{"path":"` + strings.Repeat("x", 1<<20-20) + `"}}`,
	"an escaped path":    `{"root":{"path":"` + strings.Repeat(`\u00e9`, 170000) + `"}}`,
	"a string":           `{"x":"` + strings.Repeat("x", 1<<20-8) + `"}`,
	"a name":             `{"` + strings.Repeat("x", 1<<20-6) + `":1}`,
	"a number":           `{"x":` + strings.Repeat("1", 1<<20-6) + `}`,
	"white space":        strings.Repeat(" ", 1<<20-2) + `{}`,
	"the same member":    mebibyte(`{`, `"root":{"path":"/x"}`, `}`),
	"the same hooks":     mebibyte(`{`, `"hooks":{"prestart":[{"path":"/x"},{"path":"/x"}]}`, `}`),
}

// hostileStates are states of Docker's; each is beside a config.json that leads to it.
var hostileStates = map[string]string{
	"name":   `{"ID":"abc","Name":"` + strings.Repeat("x", 1<<20-30) + `"}`,
	"image":  `{"ID":"abc","Name":"/n","Config":{"Image":"` + strings.Repeat("x", 1<<20-60) + `"}}`,
	"fields": mebibyte(`{`, `"Name":"abcd"`, `,"ID":"abc"}`),
	"arrays": `{"ID":"abc","x":` + strings.Repeat(`[`, 1<<20-20),
}

// hostileLists are lists of containers of Podman's, which may have 16 MiB.
var hostileLists = map[string]string{
	"empty entries": "[" + strings.Repeat("{},", 1<<20) + "{}]",
	"the container": "[" + strings.Repeat(`{"id":"abc","metadata":"{}"},`, 100000) + "{}]",
	"long metadata": "[" + strings.Repeat(`{"id":"abc","metadata":"`+strings.Repeat("x", 200<<10)+`"},`, 20) + "{}]",
	"a long entry":  `[{"id":"abc","metadata":"` + strings.Repeat("x", 5<<20) + `"}]`,
	"arrays":        strings.Repeat("[", 5<<20),
	"an object":     `{"x":1}`,
}

// TestHostileConfigsAreCheap reads files of 1 MiB that were made to cost memory.
func TestHostileConfigsAreCheap(t *testing.T) {
	for name, content := range hostileConfigs {
		t.Run(name, func(t *testing.T) {
			isCheap(t, write(t, map[string]string{"config.json": content}))
		})
	}
	for name, content := range hostileStates {
		t.Run("state, "+name, func(t *testing.T) {
			dir := write(t, map[string]string{"abc/config.v2.json": content})
			isCheap(t, write(t, map[string]string{
				"config.json": fmt.Sprintf(`{"mounts":[{"destination":"/etc/hostname","source":"%s/abc/hostname"}]}`, dir),
			}))
		})
	}
	for name, content := range hostileLists {
		t.Run("list, "+name, func(t *testing.T) {
			isCheap(t, write(t, map[string]string{
				"containers.json":          content,
				"abc/userdata/config.json": `{"annotations":{"io.container.manager":"libpod"}}`,
			})+"/abc/userdata")
		})
	}
}

// isCheap checks that reading a bundle allocates at most 3 MiB, and that what is kept
// of it holds less than 64 KiB.
func isCheap(t *testing.T, dir string) {
	t.Helper()
	const times = 2
	e := self(t).create("--bundle", dir, "abc")
	kept := make([]*event.Bundle, 0, times)
	readWhole(t, e) // what is made once
	heap, total := memory()
	for range times {
		kept = append(kept, readWhole(t, e))
	}
	heapAfter, totalAfter := memory()
	if each := (totalAfter - total) / times; each > 3<<20 {
		t.Errorf("%d KiB are allocated for one bundle", each>>10)
	}
	if each := (heapAfter - heap) / times; each > 64<<10 {
		t.Errorf("%d KiB are kept of one bundle", each>>10)
	}
	goruntime.KeepAlive(kept)
}

// readWhole reads a bundle, and waits for what is read behind its result.
func readWhole(t testing.TB, e *event.Event) *event.Bundle {
	t.Helper()
	n := newNode()
	b := n.read(e)
	host.WaitFor(t, 10*time.Second, "the end of all reads", func() bool { return !n.reader.gate.isHeld() }, nil)
	return b
}

func (g *gate) isHeld() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.all.held > 0
}

// memory returns the bytes that are in use, and those that were ever allocated.
func memory() (heap, total int64) {
	var m goruntime.MemStats
	goruntime.GC()
	goruntime.GC()
	goruntime.ReadMemStats(&m)
	return int64(m.HeapAlloc), int64(m.TotalAlloc)
}

// TestFullConfigIsCheap reads a bundle in which everything is as large as it may be.
func TestFullConfigIsCheap(t *testing.T) {
	dir := write(t, map[string]string{"abc/config.v2.json": fmt.Sprintf(
		`{"ID":"abc","Name":"/%[1]s","Config":{"Image":"%[1]s"}}`, strings.Repeat("n", 500))})
	path, arg := "/"+strings.Repeat("p", 4095), `"`+strings.Repeat("a", 256)+`"`
	hook := fmt.Sprintf(`{"path":%q,"args":[%s]}`, path[:300], strings.TrimSuffix(strings.Repeat(arg+",", 16), ","))
	config := fmt.Sprintf(`{
		"root": {"path": %[1]q},
		"process": {"apparmorProfile": %[2]q, "capabilities": {"bounding": [%[3]s]}},
		"mounts": [{"destination": "/etc/hostname", "source": "%[4]s/abc/hostname"}],
		"hooks": {"prestart": [%[5]s], "poststop": [%[5]s]},
		"annotations": {%[6]s},
		"linux": {"cgroupsPath": %[1]q, "namespaces": [{"type": "network", "path": %[1]q}]}
	}`, path, path[:256], numbered(`"CAP_`+strings.Repeat("X", 20)+`%d"`, 64), dir,
		strings.TrimSuffix(strings.Repeat(hook+",", 40), ","),
		numbered(`"io.kubernetes.cri.%d":"`+strings.Repeat("v", 500)+`"`, 30))
	isCheap(t, write(t, map[string]string{"config.json": config}))
}
