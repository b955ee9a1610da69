package e2e

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"container_start_exporter/test/host"
	"container_start_exporter/test/host/scrape"
)

// ring is the ring buffer of an exporter, mapped read-only beside it: the kernel's
// positions and, as long as it has never been full, all records ever written
// (kernel/bpf/ringbuf.c).
type ring struct{ consumer, producer, data []byte }

// The two bits of a record's header that are not its length
// (BPF_RINGBUF_BUSY_BIT and BPF_RINGBUF_DISCARD_BIT in include/uapi/linux/bpf.h).
const (
	ringBusy    = 1 << 31
	ringDiscard = 1 << 30
)

// openRing finds the ring buffer among the open files of a process.
func openRing(t *testing.T, pid int) ring {
	t.Helper()
	var found []*ebpf.Map
	for _, id := range mapIDs(t, pid) {
		m, err := ebpf.NewMapFromID(id)
		if err != nil {
			t.Fatalf("open map %d: %v", id, err)
		}
		t.Cleanup(func() { _ = m.Close() })
		if m.Type() == ebpf.RingBuf {
			found = append(found, m)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d ring buffers of process %d; want 1", len(found), pid)
	}
	page, size := os.Getpagesize(), int(found[0].MaxEntries())
	mapped := func(offset int64, length int) []byte {
		data, err := unix.Mmap(found[0].FD(), offset, length, unix.PROT_READ, unix.MAP_SHARED)
		if err != nil {
			t.Fatalf("map the ring buffer: %v", err)
		}
		t.Cleanup(func() { _ = unix.Munmap(data) })
		return data
	}
	behind := mapped(int64(page), page+size)
	return ring{consumer: mapped(0, page), producer: behind[:page], data: behind[page:]}
}

// mapIDs returns the ids of the BPF maps that a process has open.
func mapIDs(t *testing.T, pid int) []ebpf.MapID {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[ebpf.MapID]bool{}
	var ids []ebpf.MapID
	for _, file := range files {
		content, _ := os.ReadFile(file) // it may have been closed
		for line := range strings.Lines(string(content)) {
			value, ok := strings.CutPrefix(line, "map_id:")
			id, err := strconv.ParseUint(strings.TrimSpace(value), 10, 32)
			if ok && err == nil && !seen[ebpf.MapID(id)] {
				seen[ebpf.MapID(id)] = true
				ids = append(ids, ebpf.MapID(id))
			}
		}
	}
	return ids
}

// position returns how many bytes were written, and how many of them were read.
func (r ring) position() (written, read uint64) {
	return binary.NativeEndian.Uint64(r.producer), binary.NativeEndian.Uint64(r.consumer)
}

// records counts the records in the first bytes that were written.
func (r ring) records(t *testing.T, written uint64) (n int) {
	t.Helper()
	if written > uint64(len(r.data)) {
		t.Fatalf("%d bytes were written to a ring buffer of %d: the first are overwritten", written, len(r.data))
	}
	for at := uint64(0); at < written; {
		header := binary.NativeEndian.Uint32(r.data[at:])
		if header&ringBusy != 0 {
			t.Fatalf("the record at %d is not complete", at)
		}
		if header&ringDiscard == 0 {
			n++
		}
		at += (uint64(header&^ringDiscard) + 8 + 7) &^ 7
	}
	return n
}

// TestRecordsWrittenAreRead counts the records in the ring buffer itself, and
// compares them with the events that the exporter has received: it has read each
// record once.
func TestRecordsWrittenAreRead(t *testing.T) {
	r := needRuntime(t, "runc")
	s := serveWith(t, []string{"--buffer-size=16MiB"})
	buffer := openRing(t, s.Cmd.Process.Pid)
	for range 5 {
		r.run(t, "/bin/true")
	}
	var read, written uint64
	var records int
	var received float64
	host.WaitFor(t, 20*time.Second, "all records to be received", func() bool {
		written, read = buffer.position()
		if written != read {
			return false
		}
		received, records = receivedRecords(s.scrape(t)), buffer.records(t, written)
		return float64(records) == received && records > 100
	}, func() string {
		return fmt.Sprintf("%d records in %d bytes, of which %d were read; %v records were received", records, written, read, received)
	})
}

// receivedRecords returns how many records a scrape shows: not the events that have
// none, which are of links (rtnetlink) and of processes that ran before (/proc).
func receivedRecords(m metrics) float64 {
	received := own + "events_received_total"
	undecodable := m.Sum(own+"events_lost_total", scrape.Labels{"cause": "undecodable"})
	return undecodable + m.Sum(received, nil) - m.Sum(received, scrape.Labels{"event": "link"}) - m.Sum(received, scrape.Labels{"event": "process"})
}
