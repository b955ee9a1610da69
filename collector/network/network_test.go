package network

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"container_start_exporter/collector/start"
)

func TestParse(t *testing.T) {
	cni := []string{"CNI_COMMAND=ADD", "CNI_CONTAINERID=abc", "CNI_NETNS=/run/netns/cni-1", "CNI_IFNAME=eth0"}
	for _, test := range []struct {
		line string
		env  []string
		want string // operation, id, paths, pids, addresses, published, teardown
	}{
		{"/usr/lib/cni/bridge", cni, "cni abc [/run/netns/cni-1] [] [] [] false"},
		{"/usr/lib/cni/bridge", []string{"CNI_COMMAND=DEL", "CNI_CONTAINERID=abc"}, "cni abc [] [] [] [] true"},
		{"/usr/sbin/iptables --wait -t nat -A DOCKER -p tcp -d 127.0.0.1 --dport 18085 -j DNAT --to-destination 172.17.0.2:80 ! -i docker0", nil,
			"iptables  [] [] [172.17.0.2] [] false"},
		{"/usr/sbin/iptables --wait -t raw -D PREROUTING -d 172.17.0.2 ! -i docker0 -j DROP", nil, "iptables  [] [] [172.17.0.2] [] true"},
		{"iptables -t nat -A POSTROUTING -s 10.88.0.4/32 -j X", cni, "iptables  [] [] [10.88.0.4] [] false"},
		{"iptables -t nat -A POSTROUTING -s 10.88.0.0/16 -j X", nil, "iptables  [] [] [] [] false"}, // a network, not an address
		{"ip6tables --version", nil, "iptables  [] [] [] [] false"},
		{"/usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 80 -container-ip 172.17.0.2 -container-port 80", nil,
			"proxy  [] [] [172.17.0.2] [] false"},
		{"/usr/bin/rootlesskit-docker-proxy -proto tcp -host-ip :: -host-port 80 -container-ip 172.17.0.2 -container-port 80", nil,
			"proxy  [] [] [172.17.0.2] [] false"},
		{"rootlessport", nil, "proxy  [] [] [] [] false"},
		{"containers-rootlessport", nil, "proxy  [] [] [] [] false"},
		{"netavark --config /run/x setup /run/netns/netns-1", nil, "netavark  [/run/netns/netns-1] [] [] [] false"},
		{"netavark teardown /run/netns/netns-1", nil, "netavark  [/run/netns/netns-1] [] [] [] true"},
		{"netavark --config /run/x setup /proc/12323/fd/11", nil, "netavark  [/proc/12323/fd/11] [] [] [] false"},
		{"/usr/bin/pasta --config-net --dns-forward 169.254.1.1 -t none --netns /run/user/1/netns/netns-1 --map-guest-addr 169.254.1.2", nil,
			"pasta  [/run/user/1/netns/netns-1] [] [] [] false"},
		{"pasta --config-net --netns=/proc/77/ns/net", nil, "pasta  [] [77] [] [] false"},
		{"pasta --netns blue", nil, "pasta  [/run/netns/blue] [] [] [] false"},
		{"pasta --config-net 77", nil, "pasta  [] [77] [] [] false"},
		{"slirp4netns --disable-host-loopback --mtu=65520 -c -r 3 -e 4 --netns-type=path /run/user/1/netns/netns-1 tap0", nil,
			"slirp4netns  [/run/user/1/netns/netns-1] [] [] [] false"},
		{"slirp4netns -r 3 -e 4 77 tap0", nil, "slirp4netns  [] [77] [] [] false"},
		{"/usr/lib/cni/ptp", []string{"CNI_COMMAND=ADD", "CNI_CONTAINERID=default-abc", "CNI_NETNS=/proc/77/ns/net"}, "cni default-abc [] [77] [] [] false"},
		{"/usr/lib/cni/ptp", []string{"CNI_COMMAND=ADD", "CNI_CONTAINERID=abc", "CNI_NETNS=/proc/77/task/78/ns/net"}, "cni abc [] [77] [] [] false"},
		{"set-ipv6 /var/run/docker/netns/1 all false", nil, "libnetwork  [/var/run/docker/netns/1] [] [] [] false"},
	} {
		r, ok := Parse("", strings.Fields(test.line), test.env)
		if got := describe(r); !ok || got != test.want {
			t.Errorf("%s:\n got %s, %t\nwant %s", test.line, got, ok, test.want)
		}
	}
	for line, env := range map[string][]string{
		"":                    nil,
		"/usr/lib/cni/bridge": {"CNI_COMMAND=VERSION", "CNI_CONTAINERID="},
		"/bin/sh -c iptables": nil,
		"netavark --version":  nil,
		"set-ipv6":            nil,
		"rootlessport-child":  nil,
		"pasta":               nil,
		"pasta --help":        nil,
		"slirp4netns":         nil,
		"slirp4netns --help":  nil,
	} {
		if r, ok := Parse("", strings.Fields(line), env); ok {
			t.Errorf("%q: recognised as %s", line, describe(r))
		}
	}
}

// TestPluginName names a plugin after its file: args[0] of a script is its interpreter.
func TestPluginName(t *testing.T) {
	for _, test := range []struct{ file, line, want string }{
		{"/opt/cni/bin/bridge", "/opt/cni/bin/bridge", "bridge"},
		{"/opt/cni/bin/our-net", "/bin/sh /opt/cni/bin/our-net", "our-net"},
		{"/opt/cni/bin/our-net", "/usr/bin/env python3 /opt/cni/bin/our-net", "our-net"},
		{"/proc/self/fd/7", "/opt/cni/bin/bridge", "bridge"},
		{"", "/opt/cni/bin/bridge", "bridge"},
	} {
		r, _ := Parse(test.file, strings.Fields(test.line), []string{"CNI_COMMAND=ADD"})
		if got := r.Attributes[start.AttrPlugin]; got != test.want {
			t.Errorf("%s, executed as %q, is %q, want %q", test.file, test.line, got, test.want)
		}
	}
}

func describe(r Run) string {
	var words []string
	for _, v := range []any{r.Operation, r.ContainerID, r.NetnsPaths, r.NetnsPIDs, r.Addresses, r.Published, r.Teardown} {
		words = append(words, strings.TrimSpace(sprint(v)))
	}
	return strings.Join(words, " ")
}

func sprint(v any) string {
	if value := reflect.ValueOf(v); value.Kind() == reflect.Slice && value.Len() == 0 {
		return "[]"
	}
	return fmt.Sprint(v)
}
