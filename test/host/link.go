package host

import (
	"encoding/json"
	"strconv"
	"testing"
)

// Link is an interface as `ip -json address` shows it.
type Link struct {
	Index     int    `json:"ifindex"`
	Peer      int    `json:"link_index"`
	Name      string `json:"ifname"`
	Addresses []struct {
		Family string `json:"family"`
		Local  string `json:"local"`
		Length int    `json:"prefixlen"`
	} `json:"addr_info"`
}

// ParseLinks reads the output of `ip -json address`.
func ParseLinks(t testing.TB, out string) (links []Link) {
	t.Helper()
	if err := json.Unmarshal([]byte(out), &links); err != nil {
		t.Fatal(err)
	}
	return links
}

// Veth returns the names of the two ends of a container's veth pair, and its IPv4 address,
// by the interfaces in the container and where its engine is: the index of the other end is
// that of an interface there.
func Veth(inside, outside []Link) (name, container, address string) {
	peer := 0
	for _, one := range inside {
		if one.Name == "lo" {
			continue
		}
		container, peer = one.Name, one.Peer
		for _, a := range one.Addresses {
			if a.Family == "inet" {
				address = a.Local + "/" + strconv.Itoa(a.Length)
			}
		}
	}
	for _, one := range outside {
		if one.Index == peer {
			name = one.Name
		}
	}
	return name, container, address
}
