package e2e

import (
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// dockerRow is a way to start a container with Docker.
type dockerRow struct {
	name, network string
	args          []string // of docker run
	phases        []string
	hook          bool   // libnetwork's prestart hook
	iptables      int    // how often it is run,
	in            string // in this phase
	port          string // published
	init          string // the entrypoint's name for itself
	host          int    // a process in the daemon's network namespace
	events        *process
}

// withoutHooks are the phases of a start that needs no network of its own.
var withoutHooks = slices.DeleteFunc(slices.Clone(dockerPhases), func(name string) bool { return name == "hooks" })

// dockerRows are the starts by the daemon of the tests.
func dockerRows(t *testing.T) (host int, rows []row) {
	d := needDocker(t)
	port, lines := freePort(t), attached(t, "events", "--format", "json")
	for _, one := range []dockerRow{
		{name: "default bridge", network: netBridge, phases: dockerPhases, hook: true},
		// Nothing is to be set up where the container joins the host's network.
		{name: "host network", network: netHost, args: []string{"--network", "host"}, phases: withoutHooks},
		{name: "no network", network: netEmpty, args: []string{"--network", "none"}, phases: dockerPhases, hook: true},
		// Docker's own resolver needs rules in the container's namespace.
		{name: "user-defined network", network: netBridge, args: []string{"--network", d.userNetwork(t)}, phases: dockerPhases, hook: true, iptables: 11, in: "hooks"},
		{name: "published port", network: netBridge, args: []string{"-p", "127.0.0.1:" + port + ":80"}, phases: dockerPhases, hook: true, iptables: 6, in: "prepare", port: port},
		{name: "docker-init", network: netBridge, args: []string{"--init"}, phases: dockerPhases, hook: true, init: "docker-init"},
	} {
		one.host, one.events = os.Getpid(), lines
		rows = append(rows, row{one.name, func(t *testing.T) []want { return []want{one.start(t, d)} }})
	}
	return os.Getpid(), rows
}

func (o dockerRow) start(t *testing.T, d *docker) want {
	t.Helper()
	asked := time.Now()
	id := d.detach(t, append(slices.Clone(o.args), image, "sleep", "300")...)
	return o.want(t, d, id, asked)
}

// want is what must be known of a container that Docker was asked for, and has
// started: the runtime may be done a little before the entrypoint is executed.
func (o dockerRow) want(t *testing.T, d *docker, id string, asked time.Time) want {
	t.Helper()
	pid := d.pid(t, id)
	waitFor(t, 10*time.Second, "the entrypoint of "+id, func() bool { return !strings.HasPrefix(comm(pid), "runc") }, func() string { return comm(pid) })
	started := time.Now()
	w := want{
		held: held{id, pid, "runc"}, engine: "docker", kind: "container", network: o.network,
		name: d.inspect(t, id, "{{slice .Name 1}}"), image: image, phases: o.phases,
		operations: []string{"rootfs_mount", "shim", "cgroup", "pivot_root"},
	}
	w.also = func(t *testing.T, one described) {
		t.Helper()
		o.checkLasted(t, one, asked, started)
		o.checkOperations(t, one)
		o.checkMade(t, one)
		if o.events == nil { // others set up theirs at the same time
			return
		}
		checkNetworkUnion(t, one, networkEvents(t, o.events, one, namespace(t, o.host, "net"), "dockerd"))
		if name := comm(w.held.pid); o.init != "" && name != o.init {
			t.Errorf("the entrypoint is %q; want %q", name, o.init)
		}
	}
	return w
}

// checkLasted checks that a start lies between the moments before and after it.
func (o dockerRow) checkLasted(t *testing.T, d described, asked, started time.Time) {
	t.Helper()
	end := d.Begin.Add(time.Duration(d.Duration))
	if d.Begin.Before(asked.Add(-tolerance)) || end.After(started.Add(tolerance)) {
		t.Errorf("%s lasted from %v to %v; Docker was asked at %v, and done at %v", d.ContainerID, d.Begin, end, asked, started)
	}
}

func (o dockerRow) checkOperations(t *testing.T, d described) {
	t.Helper()
	hooks, rules, proxies := d.operations("hook"), d.operations("iptables"), d.operations("proxy")
	if (len(hooks) == 1) != o.hook || len(hooks) > 1 {
		t.Errorf("hooks %v; want one by libnetwork: %v", hooks, o.hook)
	} else if o.hook && (hooks[0].Attributes["hook"] != "libnetwork-setkey" || hooks[0].Phase != "hooks") {
		t.Errorf("hook %v in %s; want libnetwork-setkey in hooks", hooks[0].Attributes, hooks[0].Phase)
	}
	if len(rules) != o.iptables {
		t.Errorf("%d iptables runs; want %d: %v", len(rules), o.iptables, rules)
	}
	for _, one := range rules {
		if one.Phase != o.in {
			t.Errorf("%v in phase %s; want %s", one, one.Phase, o.in)
		}
	}
	checkProxy(t, proxies, o.port)
	checkExecs(t, d)
}

// checkExecs checks that each operation that is a program is counted as one.
func checkExecs(t *testing.T, d described) {
	t.Helper()
	programs := 1 // the entrypoint
	for _, one := range d.Operations {
		if one.Attributes["pid"] != "" {
			programs++
		}
	}
	if d.Counts.Execs < programs {
		t.Errorf("%d programs executed; the operations alone are %d", d.Counts.Execs, programs)
	}
}

// checkProxy checks that there is one docker-proxy for a published port.
func checkProxy(t *testing.T, proxies []operation, port string) {
	t.Helper()
	if port == "" {
		if len(proxies) > 0 {
			t.Errorf("no port is published, but there are proxies: %v", proxies)
		}
	} else if len(proxies) != 1 || proxies[0].Attributes["port"] != "tcp/127.0.0.1:"+port {
		t.Errorf("proxies %v; want one of port %s", proxies, port)
	}
}

// checkMade compares the namespaces that were made for the container with those
// that it does not share with the host.
func (o dockerRow) checkMade(t *testing.T, d described) {
	t.Helper()
	var made []string
	for _, name := range []string{"mnt", "uts", "ipc", "pid", "net", "cgroup", "user", "time"} {
		if namespace(t, d.PID, name) != namespace(t, o.host, name) {
			made = append(made, name)
		}
	}
	if !slices.Equal(d.Made, made) || len(made) != d.Counts.Namespaces || slices.Contains(made, "net") == (o.network == netHost) {
		t.Errorf("namespaces made: %v, %d counted; the container does not share %v", d.Made, d.Counts.Namespaces, made)
	}
}

// userNetwork makes a network that stays until the test's end.
func (d *docker) userNetwork(t *testing.T) string {
	t.Helper()
	name := newID(t, "network")
	must(t, d.cmd("network", "create", name))
	t.Cleanup(func() { must(t, d.cmd("network", "rm", name)) })
	return name
}

// freePort is a local port that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	_, port, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	return port
}
