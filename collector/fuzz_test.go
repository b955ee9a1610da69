package collector

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unicode/utf8"

	"container_start_exporter/collector/event"
)

// maxSeed is the size of the recordings that fuzzing begins with: small ones are changed
// faster.
const maxSeed = 48 << 10

// FuzzEvents assembles any recording: no event and no start vanishes, what is reported
// is bounded text, and the same the second time.
func FuzzEvents(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.events.jsonl")
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil && len(b) <= maxSeed {
			f.Add(b)
		}
	}
	f.Add([]byte(`{"time":1,"kind":"exec","pid":1,"args":["runc","create","a"]}`))
	f.Add([]byte(`{"time":1,"kind":"exec","pid":1,"args":["crun","run","a"]}
{"time":2,"kind":"bundle","pid":1,"bundle":{"root":"/r","netns_path":"/n","cgroups_path":"a:b:c","hooks":[{"kind":"prestart","path":"/h"}]}}
{"time":3,"kind":"fork","pid":1,"child":2,"flags":1073872896,"namespaces":{"net":7,"mnt":8}}
{"time":4,"kind":"netlink","pid":1,"message":"RTM_NEWLINK","link_type":"veth","link_ns":9,"name":"v","peer_name":"p","target_ns":7}
{"time":5,"kind":"link","message":"RTM_NEWLINK","link_type":"veth","link_ns":9,"name":"v","index":3}
{"time":6,"kind":"mount","pid":2,"source":"proc","target":"/proc","ret":-2}
{"time":7,"kind":"exec","pid":2,"args":["/bin/true"]}
{"time":8,"kind":"listen","pid":2,"mnt_ns":8}`))
	f.Fuzz(func(t *testing.T, recording []byte) {
		first := assembleAny(t, recording)
		if second := assembleAny(t, recording); !bytes.Equal(first, second) {
			t.Errorf("the starts are\n%s\nand then\n%s", first, second)
		}
	})
}

// assembleAny assembles a recording up to the first line that is not an event, and returns
// the starts as JSON.
func assembleAny(t *testing.T, recording []byte) []byte {
	o := &tally{t: t}
	a := New(Config{}, o, o)
	now := int64(0)
	_ = event.Read(bytes.NewReader(recording), func(e *event.Event) {
		a.Handle(e)
		now = max(now, e.Time)
	})
	checkConservation(t, a)
	a.Close()
	a.Handle(&event.Event{Time: now + int64(time.Hour), Kind: event.KindClock}) // whatever waits does so in vain
	checkConservation(t, a)
	if s := a.Stats(); s.InProgress != 0 || s.Waiting != 0 || s.Attempted < uint64(len(o.starts)) {
		t.Errorf("an hour later: %+v of %d starts", s, len(o.starts))
	}
	var all bytes.Buffer
	for _, s := range o.starts {
		b, err := json.Marshal(s)
		if err != nil || !utf8.Valid(b) || len(b) > 8<<20 {
			t.Errorf("a record of %d bytes: %v", len(b), err)
		}
		all.Write(append(b, '\n'))
	}
	return all.Bytes()
}
