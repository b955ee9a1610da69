package view

import (
	"testing"

	"container_start_exporter/collector/start"
	"container_start_exporter/exporter/internal/golden"
	"container_start_exporter/exporter/internal/sample"
)

func TestTitles(t *testing.T) {
	golden.InUTC(t)
	for _, tc := range []struct {
		start                                   *start.Start
		title, subtitle, ending, reason, counts string
	}{
		{sample.DrawnDocker(), "keen_turing", "docker/runc, 3f9c1a2b4d5e, pid 24683, began at 10:31:22.123", "started in 296.1 ms", "",
			"37 mounts by init, 1 by the engine, 29 execs, 5 namespaces, 1 veth"},
		{sample.DrawnFailed(), "keen_turing", "docker/runc, 3f9c1a2b4d5e, pid 24683, began at 10:31:22.123", "failed in hooks after 257.0 ms",
			"failed in hooks: hook nvidia-container-runtime-hook exited with status 1",
			"37 mounts by init, 1 by the engine, 29 execs, 5 namespaces, 1 veth"},
		{sample.DrawnIncomplete(), "3f9c1a2b4d5e", "docker/runc, began at 10:31:22.123", "incomplete after 296.1 ms",
			"incomplete: 12 mount events were lost",
			"37 mounts by init, 1 by the engine, 29 execs, 5 namespaces, 1 veth"},
		{sample.DrawnCrun(), "web-1", "crun, pid 77, began at 10:31:22.000", "started in 5.0 ms", "",
			"1 mount by init, 2 execs, 6 namespaces, 0 veths, listens after 12.1 ms"},
		{nested(), "keen_turing", "nested/runc, 3f9c1a2b4d5e, pid 24683, began at 10:31:22.123", "started in 296.1 ms", "",
			"37 mounts by init, 1 by the engine, 29 execs, 5 namespaces, 1 veth"},
	} {
		for _, text := range []struct{ what, got, want string }{
			{"title", Title(tc.start), tc.title}, {"subtitle", Subtitle(tc.start), tc.subtitle},
			{"ending", Ending(tc.start), tc.ending}, {"reason", Reason(tc.start), tc.reason}, {"counts", Counts(tc.start), tc.counts},
		} {
			if text.got != text.want {
				t.Errorf("the %s of %s is %q; want %q", text.what, tc.title, text.got, text.want)
			}
		}
	}
}

// TestTitlesOfPods checks how starts of a pod are called, and how where there is little room.
func TestTitlesOfPods(t *testing.T) {
	pod := &start.Pod{Name: "web-5c77-x8", Namespace: "shop"}
	for _, tc := range []struct {
		s       start.Start
		columns int
		want    string
	}{
		{start.Start{Name: "nginx", Pod: pod, ContainerID: "c1"}, 80, "shop/web-5c77-x8: nginx"},
		{start.Start{Name: "nginx", Pod: pod, ContainerID: "c1"}, 22, "web-5c77-x8: nginx"},
		{start.Start{Name: "nginx", Pod: pod, ContainerID: "c1"}, 15, "web-5c7…: nginx"},
		{start.Start{Name: "nginx", Pod: pod, ContainerID: "c1"}, 10, "nginx"},
		{start.Start{Kind: start.Sandbox, Pod: pod, ContainerID: "c1"}, 80, "shop/web-5c77-x8: sandbox"},
		{start.Start{Pod: pod, ContainerID: "c1"}, 80, "shop/web-5c77-x8: c1"},
		{start.Start{Name: "infra", Pod: &start.Pod{Name: "web"}, ContainerID: "c1"}, 80, "web: infra"},
		{start.Start{Name: "nginx", Pod: &start.Pod{SandboxID: "c0"}, ContainerID: "c1"}, 80, "nginx"},
		{start.Start{Kind: start.Sandbox, ContainerID: "c1"}, 80, "c1"},
	} {
		if got := ShortTitle(&tc.s, tc.columns, false); got != tc.want {
			t.Errorf("%+v in %d columns is %q; want %q", tc.s, tc.columns, got, tc.want)
		}
		if got := Title(&tc.s); tc.columns == 80 && got != tc.want {
			t.Errorf("the title of %+v is %q; want %q", tc.s, got, tc.want)
		}
	}
}

// nested returns a start in a container.
func nested() *start.Start {
	s := sample.DrawnDocker()
	s.Kind = start.Nested
	return s
}

// TestLacks checks how a drawing says what a record lacks, and that it shows no number
// that is not known.
func TestLacks(t *testing.T) {
	s := &start.Start{Counts: start.Counts{Execs: 2}}
	for _, tc := range []struct {
		degraded      []string
		lacks, counts string
	}{
		{nil, "", "0 mounts by init, 2 execs, 0 namespaces, 0 veths"},
		{[]string{"bundle"}, "not or only partly seen: bundle", "0 mounts by init, 2 execs, 0 namespaces, 0 veths"},
		{[]string{"bundle", "operation_mount", "operation_veth", "phase_rootfs", "ready"},
			"not or only partly seen: bundle; ready; operations mount, veth; phase rootfs", "2 execs, 0 namespaces"},
	} {
		s.Degraded = tc.degraded
		if got := Lacks(s); got != tc.lacks {
			t.Errorf("%q: %q, want %q", tc.degraded, got, tc.lacks)
		}
		if got := Counts(s); got != tc.counts {
			t.Errorf("%q: %q, want %q", tc.degraded, got, tc.counts)
		}
	}
}
