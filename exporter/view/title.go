package view

import (
	"fmt"
	"slices"
	"strings"

	"container_start_exporter/collector/start"
)

// Counts lists what a start did and created, without numbers that are not known.
func Counts(s *start.Start) string {
	c := s.Counts
	var list []string
	if s.Counted(c.Mounts, start.OpMount) {
		list = append(list, plural(c.Mounts, "mount")+" by init")
	}
	if c.EngineMounts > 0 {
		list = append(list, fmt.Sprintf("%d by the engine", c.EngineMounts))
	}
	list = append(list, plural(c.Execs, "exec"), plural(c.Namespaces, "namespace"))
	if s.Counted(c.Veths, start.OpVeth) {
		list = append(list, plural(c.Veths, "veth"))
	}
	if s.Ready > 0 {
		list = append(list, "listens after "+Short(s.Ready))
	}
	return strings.Join(list, ", ")
}

// Lacks returns what the record of a start lacks or has only in part, "" for nothing:
// "not or only partly seen: bundle; operation mount; phases init, rootfs".
func Lacks(s *start.Start) string {
	if len(s.Degraded) == 0 {
		return ""
	}
	var others, operations, phases []string
	for _, part := range s.Degraded {
		switch kind, name, _ := strings.Cut(part, "_"); kind {
		case "operation":
			operations = append(operations, name)
		case "phase":
			phases = append(phases, name)
		default:
			others = append(others, part)
		}
	}
	return "not or only partly seen: " + strings.Join(slices.Concat(others, list("operation", operations), list("phase", phases)), "; ")
}

// list returns one text with a noun and names, none if there are no names.
func list(noun string, names []string) []string {
	if len(names) == 0 {
		return nil
	}
	if len(names) > 1 {
		noun += "s"
	}
	return []string{noun + " " + strings.Join(names, ", ")}
}

// Ending returns how a start ended, and after how long.
func Ending(s *start.Start) string {
	switch s.Outcome {
	case start.Started:
		return "started in " + Short(s.Duration)
	case start.Failed:
		return words("failed", InPhase(s.FailedPhase), "after", Short(s.Duration))
	default:
		return words(string(s.Outcome), "after", Short(s.Duration))
	}
}

// Reason returns why a start failed or is incomplete: "failed in hooks: ...". It
// is "" if the start has no error.
func Reason(s *start.Start) string {
	if s.Error == "" {
		return ""
	}
	return words(string(s.Outcome), InPhase(s.FailedPhase)) + ": " + s.Error
}

// InPhase returns "in " and a phase, or "" if it is not known.
func InPhase(name start.PhaseName) string {
	if name == "" {
		return ""
	}
	return "in " + string(name)
}

// Title returns the name of a start: of one in a pod, NAMESPACE/POD: CONTAINER, in which
// the container may be the pod's sandbox. A container without a name has the short form of
// its id.
func Title(s *start.Start) string {
	if s.Pod == nil || s.Pod.Name == "" {
		return ownName(s)
	}
	pod := s.Pod.Name
	if s.Pod.Namespace != "" {
		pod = s.Pod.Namespace + "/" + pod
	}
	return pod + ": " + ownName(s)
}

// ShortTitle returns what is most of a title where it has some columns only: a start in a
// pod goes without the namespace, then without the end of the pod's name, then without it.
func ShortTitle(s *start.Start, columns int, ascii bool) string {
	title := Title(s)
	if s.Pod == nil || s.Pod.Name == "" || Columns(title) <= columns {
		return title
	}
	name := ownName(s)
	room := columns - Columns(": "+name)
	if room < 4 {
		return name
	}
	return Escape(s.Pod.Name, room, ascii) + ": " + name
}

// ownName returns the name of a start without its pod's.
func ownName(s *start.Start) string {
	switch {
	case s.Name != "":
		return s.Name
	case s.Kind == start.Sandbox && s.Pod != nil:
		return start.Sandbox
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

// Stack returns the engine and the runtime: docker/runc. The engine of a nested start is
// what a process of the container says: it is shown as nested/runc.
func Stack(s *start.Start) string {
	switch {
	case s.Kind == start.Nested:
		return strings.TrimSuffix(start.Nested+"/"+s.Runtime, "/")
	case s.Engine == "" || s.Engine == "none":
		return s.Runtime
	case s.Runtime == "":
		return s.Engine
	}
	return s.Engine + "/" + s.Runtime
}

// Longest returns the longest phase, or nil.
func Longest(s *start.Start) *start.Phase {
	var most *start.Phase
	for i := range s.Phases {
		if most == nil || s.Phases[i].Duration > most.Duration {
			most = &s.Phases[i]
		}
	}
	return most
}

// Subtitle returns the rest of what identifies a start.
func Subtitle(s *start.Start) string {
	list := []string{Stack(s)}
	if ownName(s) != shortID(s.ContainerID) {
		list = append(list, shortID(s.ContainerID))
	}
	if s.Kind != start.Container && s.Kind != start.Nested && s.Kind != "" {
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
