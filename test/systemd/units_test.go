package systemd

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// units starts what systemd starts all day, 130 units: scopes, services and timers of the
// system, and scopes of a user.
const units = `for i in $(seq 50); do
	systemd-run --quiet --scope --unit=scope-$i true
	systemd-run --quiet --unit=service-$i true
done
for i in $(seq 10); do systemd-run --quiet --on-active=0 --unit=timer-$i true; done
for i in $(seq 20); do "$@" systemd-run --quiet --user --scope true; done`

// TestUnitsMakeNoRecords starts units while the exporter runs: systemd makes a cgroup for
// each, and none of them is worth a record, but that of a container is.
func TestUnitsMakeNoRecords(t *testing.T) {
	m := boot(t)
	m.giveImage(t)
	m.addUser(t)
	systemd := observe(t)
	w := m.attachTo(t, "events", "--format=json")
	m.run(t, append([]string{"sh", "-ec", units, "sh"}, asUser...)...)
	id := m.run(t, words("docker", "run", "--detach", "--name")("container")...)
	host.WaitFor(t, 10*time.Second, "the container's records", func() bool { return strings.Contains(w.Stdout.String(), "docker-"+id+".scope") },
		w.Stderr.String)
	w.end(t)
	made := 0
	for path := range systemd.stop(t) {
		if strings.HasPrefix(path, "/"+m.name+"/") {
			made++
		}
	}
	if made < 130 {
		t.Errorf("bpftrace saw %d cgroups; want at least 130", made)
	}
	records := map[string]int{} // of cgroups, by path
	for line := range strings.Lines(w.Stdout.String()) {
		var e struct{ Kind, Path string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if strings.HasPrefix(e.Kind, "cgroup_") {
			records[e.Path]++
		}
	}
	t.Logf("%d cgroups, records of %v", made, records)
	for path := range records {
		if !strings.Contains(path, "docker-"+id+".scope") {
			t.Errorf("%d records of %s", records[path], path)
		}
	}
}
