package exporter

import (
	"fmt"
	"strings"

	"container_start_exporter/collector"
)

// counts lists what a start did and created.
func counts(s *collector.Start) string {
	c := s.Counts
	list := []string{plural(c.Mounts, "mount") + " by init"}
	if c.EngineMounts > 0 {
		list = append(list, fmt.Sprintf("%d by the engine", c.EngineMounts))
	}
	list = append(list, plural(c.Execs, "exec"), plural(c.Namespaces, "namespace"), plural(c.Veths, "veth"))
	if s.Ready > 0 {
		list = append(list, "listens after "+short(s.Ready))
	}
	return strings.Join(list, ", ")
}

// ending returns how a start ended, and after how long.
func ending(s *collector.Start) string {
	switch s.Outcome {
	case collector.Started:
		return "started in " + short(s.Duration)
	case collector.Failed:
		return words("failed", inPhase(s.FailedPhase), "after", short(s.Duration))
	default:
		return words(string(s.Outcome), "after", short(s.Duration))
	}
}

func inPhase(name collector.PhaseName) string {
	if name == "" {
		return ""
	}
	return "in " + string(name)
}

// title returns the name of a start, or else the short form of its id.
func title(s *collector.Start) string {
	if s.Name != "" {
		return s.Name
	}
	return shortID(s.ContainerID)
}

// shortID returns a container's id as engines print it: 12 digits of a digest.
// An id that is free text (containerd, bare runtimes) stays as it is.
func shortID(id string) string {
	if len(id) == 64 && strings.Trim(id, "0123456789abcdef") == "" {
		return id[:12]
	}
	if id == "" {
		return "(no id)"
	}
	return id
}

// stack returns the engine and the runtime: docker/runc.
func stack(s *collector.Start) string {
	switch {
	case s.Engine == "" || s.Engine == "none":
		return s.Runtime
	case s.Runtime == "":
		return s.Engine
	}
	return s.Engine + "/" + s.Runtime
}

// longest returns the longest phase, or nil.
func longest(s *collector.Start) *collector.Phase {
	var most *collector.Phase
	for i := range s.Phases {
		if most == nil || s.Phases[i].Duration > most.Duration {
			most = &s.Phases[i]
		}
	}
	return most
}

// subtitle returns the rest of what identifies a start.
func subtitle(s *collector.Start) string {
	list := []string{stack(s)}
	if s.Name != "" {
		list = append(list, shortID(s.ContainerID))
	}
	if s.Kind != collector.KindOfContainer && s.Kind != "" {
		list = append(list, s.Kind)
	}
	if s.PID > 0 {
		list = append(list, fmt.Sprintf("pid %d", s.PID))
	}
	if !s.Begin.IsZero() {
		list = append(list, "began at "+s.Begin.Local().Format("15:04:05.000"))
	}
	return strings.Join(list, ", ")
}
