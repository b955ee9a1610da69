package e2e

import (
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"container_start_exporter/test/host"
)

// dockerRow is one way to start a container with Docker.
type dockerRow struct {
	name, network string
	args          []string // of docker run
	phases        []string
	hook          bool   // whether libnetwork's prestart hook runs
	iptables      int    // number of iptables runs
	iptablesPhase string // phase of the iptables runs
	port          string // published port
	initComm      string // comm of the entrypoint
	netnsPID      int    // a process in the daemon's network namespace
	events        *host.Process
}

// phasesWithoutHooks are the phases of a start that needs no network of its own.
var phasesWithoutHooks = slices.DeleteFunc(slices.Clone(dockerPhases), func(name string) bool { return name == "hooks" })

// dockerRows returns the starts by the daemon of the tests.
func dockerRows(t *testing.T) (netnsPID int, rows []row) {
	d := needDocker(t)
	port, lines := freePort(t), attach(t, "events", "--format", "json")
	for _, one := range []dockerRow{
		{name: "default bridge", network: netBridge, phases: dockerPhases, hook: true},
		// A container that joins the host's network needs no set-up.
		{name: "host network", network: netHost, args: []string{"--network", "host"}, phases: phasesWithoutHooks},
		{name: "no network", network: netEmpty, args: []string{"--network", "none"}, phases: dockerPhases, hook: true},
		// Docker's own resolver needs rules in the container's namespace.
		{name: "user-defined network", network: netBridge, args: []string{"--network", d.userNetwork(t)}, phases: dockerPhases, hook: true, iptables: 11, iptablesPhase: "hooks"},
		{name: "published port", network: netBridge, args: []string{"-p", "127.0.0.1:" + port + ":80"}, phases: dockerPhases, hook: true, iptables: 6, iptablesPhase: "prepare", port: port},
		{name: "docker-init", network: netBridge, args: []string{"--init"}, phases: dockerPhases, hook: true, initComm: "docker-init"},
	} {
		one.netnsPID, one.events = os.Getpid(), lines
		rows = append(rows, row{one.name, func(t *testing.T) []expectation { return []expectation{one.start(t, d)} }})
	}
	return os.Getpid(), rows
}

func (r dockerRow) start(t *testing.T, d *docker) expectation {
	t.Helper()
	requested := time.Now()
	id := d.detach(t, append(slices.Clone(r.args), image, "sleep", "300")...)
	return r.expect(t, d, id, requested)
}

// expect returns what is expected of a container that was requested at a time and
// that Docker has started. It waits for the entrypoint, because the runtime may
// exit a little before that is executed.
func (r dockerRow) expect(t *testing.T, d *docker, id string, requested time.Time) expectation {
	t.Helper()
	pid := d.pid(t, id)
	host.WaitFor(t, 10*time.Second, "the entrypoint of "+id, func() bool { return !strings.HasPrefix(comm(pid), "runc") }, func() string { return comm(pid) })
	started := time.Now()
	e := expectation{
		container: container{id, pid, "runc"}, engine: "docker", kind: "container", network: r.network,
		name: d.inspect(t, id, "{{slice .Name 1}}"), image: image, phases: r.phases,
		operations: []string{"rootfs_mount", "shim", "cgroup", "pivot_root"},
	}
	e.extra = func(t *testing.T, d namedRecord) {
		t.Helper()
		r.checkInterval(t, d, requested, started)
		r.checkOperations(t, d)
		r.checkCreated(t, d)
		if r.events == nil { // other containers' networks are set up at the same time
			return
		}
		checkNetworkUnion(t, d, networkEvents(t, r.events, d, namespace(t, r.netnsPID, "net"), "dockerd"))
		if name := comm(e.container.pid); r.initComm != "" && name != r.initComm {
			t.Errorf("the entrypoint is %q; want %q", name, r.initComm)
		}
	}
	return e
}

// checkInterval checks that a start lies between its request and the moment when
// its container was found started.
func (r dockerRow) checkInterval(t *testing.T, d namedRecord, requested, started time.Time) {
	t.Helper()
	end := d.Begin.Add(time.Duration(d.Duration))
	if d.Begin.Before(requested.Add(-tolerance)) || end.After(started.Add(tolerance)) {
		t.Errorf("%s lasted from %v to %v; it was requested at %v and done at %v", d.ContainerID, d.Begin, end, requested, started)
	}
}

func (r dockerRow) checkOperations(t *testing.T, d namedRecord) {
	t.Helper()
	hooks, rules, proxies := d.operations("hook"), d.operations("iptables"), d.operations("proxy")
	if (len(hooks) == 1) != r.hook || len(hooks) > 1 {
		t.Errorf("hooks %v; want one by libnetwork: %v", hooks, r.hook)
	} else if r.hook && (hooks[0].Attributes["hook"] != "libnetwork-setkey" || hooks[0].Phase != "hooks") {
		t.Errorf("hook %v in %s; want libnetwork-setkey in hooks", hooks[0].Attributes, hooks[0].Phase)
	}
	if len(rules) != r.iptables {
		t.Errorf("%d iptables runs; want %d: %v", len(rules), r.iptables, rules)
	}
	for _, one := range rules {
		if one.Phase != r.iptablesPhase {
			t.Errorf("%v in phase %s; want %s", one, one.Phase, r.iptablesPhase)
		}
	}
	checkProxy(t, proxies, r.port)
	checkExecs(t, d)
}

// checkExecs checks that each operation that is a run of a program is counted as
// an exec.
func checkExecs(t *testing.T, d namedRecord) {
	t.Helper()
	programs := 1 // the entrypoint
	for _, one := range d.Operations {
		if one.Attributes["pid"] != "" {
			programs++
		}
	}
	if d.Counts.Execs < programs {
		t.Errorf("%d execs counted; the operations alone are %d", d.Counts.Execs, programs)
	}
}

// checkProxy checks that there is one docker-proxy for a published port.
func checkProxy(t *testing.T, proxies []operation, port string) {
	t.Helper()
	if port == "" {
		if len(proxies) > 0 {
			t.Errorf("proxies without a published port: %v", proxies)
		}
	} else if len(proxies) != 1 || proxies[0].Attributes["port"] != "tcp/127.0.0.1:"+port {
		t.Errorf("proxies %v; want one of port %s", proxies, port)
	}
}

// checkCreated compares the namespaces that were created for the container with
// those that it does not share with the host.
func (r dockerRow) checkCreated(t *testing.T, d namedRecord) {
	t.Helper()
	var own []string
	for _, name := range []string{"mnt", "uts", "ipc", "pid", "net", "cgroup", "user", "time"} {
		if namespace(t, d.PID, name) != namespace(t, r.netnsPID, name) {
			own = append(own, name)
		}
	}
	if !slices.Equal(d.Made, own) || len(own) != d.Counts.Namespaces || slices.Contains(own, "net") == (r.network == netHost) {
		t.Errorf("namespaces created: %v, %d counted; the container does not share %v", d.Made, d.Counts.Namespaces, own)
	}
}

// userNetwork creates a network that exists until the end of the test.
func (d *docker) userNetwork(t *testing.T) string {
	t.Helper()
	name := newID(t, "network")
	must(t, d.cmd("network", "create", name))
	t.Cleanup(func() { must(t, d.cmd("network", "rm", name)) })
	return name
}

// freePort returns a local TCP port on which no process listens.
func freePort(t *testing.T) string {
	t.Helper()
	_, port, err := net.SplitHostPort(host.FreeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	return port
}
