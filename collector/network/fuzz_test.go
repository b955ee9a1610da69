package network

import (
	"slices"
	"strings"
	"testing"

	"container_start_exporter/collector/start"
)

// FuzzParse parses any words as the command line and the environment of a network
// program: what is found is bounded, and nothing of it is empty.
func FuzzParse(f *testing.F) {
	long := strings.Repeat("x", 5000)
	for _, seed := range [][2]string{
		{"iptables -t nat -A DOCKER -d 10.0.0.2/32 -p tcp --dport 80 -j DNAT --to-destination 172.17.0.2:80", ""},
		{"ip6tables -D FORWARD -s fe80::1%eth0 -d ::1 [::2]:80", ""}, {"iptables -A " + long + " --dport " + long, ""},
		{"iptables" + strings.Repeat(" 10.0.0.1", 500), ""},
		{"docker-proxy -proto TCP -host-ip :: -host-port 80 -container-ip 172.17.0.2", ""}, {"docker-proxy -host-ip " + long, ""},
		{"netavark --config /run/x setup /run/netns/a", ""}, {"netavark setup", ""}, {"pasta --netns /run/netns/a", ""}, {"pasta --netns=", ""}, {"pasta 1", ""}, {"pasta", ""},
		{"slirp4netns -r 3 --netns-type=path /run/netns/a tap0", ""}, {"slirp4netns", ""}, {"slirp4netns -3 0", ""}, {"netavark teardown x", ""}, {"set-ipv6 /run/netns/a", ""}, {"set-ipv6 ", ""},
		{"/opt/cni/bin/bridge", "CNI_COMMAND=ADD CNI_CONTAINERID=abc CNI_NETNS=/run/netns/a"}, {"sh /opt/cni/bin/a", "CNI_COMMAND=ADD CNI_NETNS=/proc/1/ns/net"}, {long, "CNI_COMMAND=DEL"}, {"x", "CNI_COMMAND=VERSION"}, {"", "="},
	} {
		f.Add(strings.ReplaceAll(seed[0], " ", "\n"), strings.ReplaceAll(seed[1], " ", "\n"))
	}
	operations := []start.OperationName{start.OpCNI, start.OpNetavark, start.OpPasta, start.OpSlirp4netns, start.OpIptables, start.OpProxy, start.OpLibnetwork}
	f.Fuzz(func(t *testing.T, line, environment string) {
		r, ok := Parse("", strings.Split(line, "\n"), strings.Split(environment, "\n"))
		if !ok {
			return
		}
		if !slices.Contains(operations, r.Operation) || r.Attributes == nil {
			t.Errorf("a run of %q with %q", r.Operation, r.Attributes)
		}
		if slices.ContainsFunc(r.NetnsPIDs, func(pid int) bool { return pid <= 0 }) {
			t.Errorf("network namespaces of %d", r.NetnsPIDs)
		}
		for name, value := range r.Attributes {
			if len(value) > 520 {
				t.Errorf("%s has %d bytes, which a record keeps", name, len(value))
			}
		}
		if n := len(r.Addresses) + len(r.Published) + len(r.Publishes) + len(r.NetnsPaths) + len(r.NetnsPIDs); n > 32 {
			t.Errorf("a run that waits for %d keys", n)
		}
		if slices.Contains(r.NetnsPaths, "") {
			t.Errorf("network namespaces %q", r.NetnsPaths)
		}
		for _, a := range r.Addresses {
			if !a.IsValid() {
				t.Errorf("address %v", a)
			}
		}
		for _, port := range slices.Concat(r.Published, r.Publishes) {
			if !strings.Contains(port, "/") || !strings.Contains(port, ":") {
				t.Errorf("published %q", port)
			}
		}
	})
}
