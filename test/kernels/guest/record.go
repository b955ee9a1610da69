package main

import (
	"slices"
	"strings"
	"time"
)

// record holds the fields of a start, as watch writes it, that are compared. It
// is on purpose not the exporter's own type: a renamed field has to fail a check.
type record struct {
	ContainerID string `json:"container_id"`
	identity
	Engine      string        `json:"engine"`
	Runtime     string        `json:"runtime"`
	Outcome     string        `json:"outcome"`
	FailedPhase string        `json:"failed_phase"`
	Error       string        `json:"error"`
	Begin       time.Time     `json:"begin"`
	Duration    time.Duration `json:"duration_ns"`
	Phases      []struct {
		Name     string        `json:"name"`
		Begin    time.Duration `json:"begin_ns"`
		Duration time.Duration `json:"duration_ns"`
	} `json:"phases"`
	Operations []struct {
		Name       string            `json:"name"`
		Attributes map[string]string `json:"attributes"`
	} `json:"operations"`
	Cgroup struct {
		Path string `json:"path"`
	} `json:"cgroup"`
	Counts struct {
		Mounts     int `json:"mounts"`
		Namespaces int `json:"namespaces"`
		Veths      int `json:"veths"`
	} `json:"counts"`
	Namespaces map[string]uint64 `json:"namespaces"`
	Made       []string          `json:"namespaces_made"`
	Veths      []veth            `json:"veths"`
	PID        int               `json:"pid"`
}

func (r record) end() time.Time { return r.Begin.Add(r.Duration) }

func (r record) phaseNames() []string {
	var names []string
	for _, one := range r.Phases {
		names = append(names, one.Name)
	}
	return names
}

// mounted returns whether init mounted something at a mount point, by its path in
// the new root or below the directory that became the root.
func (r record) mounted(point string) bool {
	return slices.ContainsFunc(r.mounts(), func(target string) bool { return strings.HasSuffix(target, point) })
}

// mounts returns the targets of init's successful mounts.
func (r record) mounts() []string {
	var targets []string
	for _, o := range r.Operations {
		if o.Name == "mount" && o.Attributes["error"] == "" {
			targets = append(targets, o.Attributes["target"])
		}
	}
	return targets
}
