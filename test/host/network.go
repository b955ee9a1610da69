package host

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// network is the state of the host that dockerd changes and leaves changed when it
// exits: its bridge, its iptables rules, and forwarding.
type network struct {
	bridge     bool
	rules      []rule
	forwarding []byte
}

// rule is a line of iptables-save: a chain (":NAME POLICY"), or a rule in one.
type rule struct{ table, line string }

const forwardingFile = "/proc/sys/net/ipv4/ip_forward"

func readNetwork() (network, error) {
	var n network
	var err error
	n.bridge = exec.Command("ip", "link", "show", "docker0").Run() == nil
	if n.rules, err = readRules(); err != nil {
		return n, err
	}
	if n.forwarding, err = os.ReadFile(forwardingFile); err != nil {
		return n, fmt.Errorf("read whether the host forwards: %w", err)
	}
	return n, nil
}

func readRules() ([]rule, error) {
	out, err := exec.Command("iptables-save").Output()
	if err != nil {
		return nil, fmt.Errorf("iptables-save (package iptables): %w", err)
	}
	var rules []rule
	var table string
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "*"):
			table = line[1:]
		case strings.HasPrefix(line, ":"): // without its counters, which change
			chain, _, _ := strings.Cut(line, " [")
			rules = append(rules, rule{table, chain})
		case strings.HasPrefix(line, "-A "):
			rules = append(rules, rule{table, line})
		}
	}
	return rules, nil
}

// restore undoes the changes since n was read: rules first, then the chains that
// they jump to, then policies.
func (n network) restore() error {
	now, err := readRules()
	if err != nil {
		return err
	}
	var undo [][]string
	var chains [][]string
	for _, r := range now {
		if slices.Contains(n.rules, r) {
			continue
		}
		if rest, isRule := strings.CutPrefix(r.line, "-A "); isRule {
			undo = append(undo, append([]string{"-t", r.table, "-D"}, strings.Fields(rest)...))
		} else if name, policy, _ := strings.Cut(r.line[1:], " "); policy == "-" {
			chains = append(chains, []string{"-t", r.table, "-X", name})
		} else if policy == "DROP" {
			chains = append(chains, []string{"-t", r.table, "-P", name, "ACCEPT"})
		}
	}
	for _, args := range append(undo, chains...) {
		if out, err := exec.Command("iptables", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("iptables %v: %w: %s", args, err, out)
		}
	}
	if !n.bridge {
		if out, err := exec.Command("ip", "link", "delete", "docker0").CombinedOutput(); err != nil {
			return fmt.Errorf("delete docker0: %w: %s", err, out)
		}
	}
	return os.WriteFile(forwardingFile, n.forwarding, 0)
}
