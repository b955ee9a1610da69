package metrics

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"container_start_exporter/collector"
	"container_start_exporter/collector/start"
	"container_start_exporter/exporter/internal/golden"
	"container_start_exporter/exporter/internal/sample"
	"container_start_exporter/exporter/safe"
)

// sampleRegistry returns a registry with every metric, each with a value.
func sampleRegistry(t *testing.T, o Options) *prometheus.Registry {
	t.Helper()
	m := New(o)
	for _, s := range []*start.Start{sample.Docker(), sample.Bare(), sample.Failed(), sample.Incomplete()} {
		m.Start(s)
		if s.Ready > 0 {
			m.Ready(s)
		}
	}
	m.NodeFact(collector.Command{Runtime: "runc", Name: "state", Duration: 11 * time.Millisecond})
	m.NodeFact(collector.Command{Runtime: "runc", Name: "exec", Duration: 60 * time.Millisecond})
	m.NodeFact(collector.NetworkProgram{Program: "bridge", Command: "add", Duration: 40 * time.Millisecond})
	m.NodeFact(collector.NetworkProgram{Program: "bridge", Command: "add", Duration: 9 * time.Millisecond, Failed: true})
	m.NodeFact(collector.NamespaceCreated{Type: "net", Origin: collector.OriginStart, Duration: 1500 * time.Microsecond})
	m.NodeFact(collector.NamespaceCreated{Type: "mnt", Origin: collector.OriginOther, Duration: 100 * time.Microsecond, Alone: true})
	m.NodeFact(collector.VethChanged{Origin: collector.OriginStart})
	m.NodeFact(collector.VethChanged{Deleted: true})
	m.NodeFact(collector.VethTime{Duration: 200 * time.Microsecond, Waited: 3 * time.Millisecond})
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(m, NewSelf(sampleAssembler, sampleProbes, func() (uint64, uint64) { return 40, 2 }))
	return r
}

func sampleAssembler() collector.Stats {
	return collector.Stats{Received: 110, Joined: 80, Node: 20, Unjoined: 6, Waiting: 4, Processes: 120,
		Attempted: 16, Ended: map[start.Outcome]uint64{start.Started: 9, start.Failed: 2}, Discarded: 2, InProgress: 3,
		Dropped: map[string]uint64{"processes": 1, "starts": 0, "waiting": 2},
		Unseen:  []string{"operation_mount", "phase_rootfs"}}
}

func sampleProbes() ProbeStats {
	return ProbeStats{
		Probes: []Probe{
			{Name: "sched_process_exec", Mechanism: "tp_btf", Attached: true},
			{Name: "mount", Mechanism: "tracepoint"}, {Name: "veth_newlink", Mechanism: "kprobe", Waiting: true},
			{Name: "mount_setattr", Mechanism: "kprobe", Absent: true},
		},
		Received: map[string]uint64{"exec": 30, "mount": 80}, Lost: map[Loss]uint64{{"exec", "buffer_full"}: 0, {"mount", "return_missed"}: 7, {"", "undecodable"}: 1},
		Truncated:  map[string]uint64{"exec": 2},
		Outside:    map[string]uint64{"exec": 3, "fork": 4},
		BufferUsed: 4096, BufferSize: 8 << 20, RunTime: 250 * time.Millisecond, RunCount: 5000,
	}
}

func gather(t *testing.T, r prometheus.Gatherer) []*dto.MetricFamily {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

func TestMetricsLint(t *testing.T) {
	problems, err := promlint.NewWithMetricFamilies(gather(t, sampleRegistry(t, Options{}))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestMetricsGolden(t *testing.T) {
	var text strings.Builder
	for _, f := range gather(t, sampleRegistry(t, Options{})) {
		if strings.HasSuffix(f.GetName(), "_build_info") {
			continue // it differs from build to build
		}
		if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
			t.Fatal(err)
		}
	}
	golden.Compare(t, "metrics.golden", text.String())
}

func TestMetricsNative(t *testing.T) {
	for _, native := range []bool{false, true} {
		for _, f := range gather(t, sampleRegistry(t, Options{NativeHistograms: native})) {
			if f.GetType() != dto.MetricType_HISTOGRAM {
				continue
			}
			for _, m := range f.GetMetric() {
				h := m.GetHistogram()
				if len(h.GetBucket()) == 0 {
					t.Errorf("native=%t: %s has no classic buckets", native, f.GetName())
				}
				if has := len(h.GetPositiveSpan()) > 0; has != native && h.GetSampleSum() > 0 {
					t.Errorf("native=%t: %s has native buckets: %t", native, f.GetName(), has)
				}
			}
		}
	}
}

// exemplars returns all exemplars of a metric.
func exemplars(t *testing.T, r prometheus.Gatherer, name string) (all []map[string]string) {
	for _, f := range gather(t, r) {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			for _, b := range m.GetHistogram().GetBucket() {
				if b.Exemplar == nil {
					continue
				}
				labels := map[string]string{}
				for _, l := range b.Exemplar.GetLabel() {
					labels[l.GetName()] = l.GetValue()
				}
				all = append(all, labels)
			}
		}
	}
	return all
}

func TestMetricsExemplars(t *testing.T) {
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	tests := map[string]struct {
		trace, id             string
		wantTrace, wantWithID bool
	}{
		"docker":          {trace, strings.Repeat("a", 64), true, true},
		"just fits":       {trace, strings.Repeat("ä", 76), true, true},
		"too long":        {trace, strings.Repeat("a", 77), true, false},
		"huge":            {trace, strings.Repeat("a", 1<<20), true, false},
		"invalid UTF-8":   {trace, "a\xff", true, false},
		"no id":           {trace, "", true, false},
		"bad trace":       {"no trace", "c1", false, true},
		"zero trace":      {strings.Repeat("0", 32), "c1", false, true},
		"upper case":      {strings.ToUpper(trace), "c1", false, true},
		"nothing is good": {"", "\xff", false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := New(Options{NativeHistograms: true})
			r := prometheus.NewPedanticRegistry()
			r.MustRegister(m)
			s := sample.Bare()
			s.TraceID, s.ContainerID = tt.trace, tt.id
			m.Start(s) // must not panic
			for metric, most := range map[string]int{"container_start_duration_seconds": 1, "container_start_phase_duration_seconds": len(s.Phases)} {
				got := exemplars(t, r, metric)
				if !tt.wantTrace && !tt.wantWithID {
					most = 0
				}
				if len(got) != most {
					t.Fatalf("%s has %d exemplars, want %d", metric, len(got), most)
				}
				for _, e := range got {
					trace, hasTrace := e["trace_id"]
					id, hasID := e["container_id"]
					if hasTrace != tt.wantTrace || hasID != tt.wantWithID || hasTrace && trace != tt.trace || hasID && id != tt.id {
						t.Errorf("%s has exemplar %q", metric, e)
					}
				}
			}
		})
	}
}

func TestMetricsBoundLabels(t *testing.T) {
	m := New(Options{})
	bad := []string{"", "UPPER", "a b", strings.Repeat("a", 33), "\xff", "ä", "a\"}\n"}
	for _, v := range bad {
		s := sample.Failed()
		s.Engine, s.Runtime, s.Kind, s.FailedPhase = v, v, v, start.PhaseName(v)
		s.Operations[0].Name = start.OperationName(v)
		m.Start(s)
		m.NodeFact(collector.Command{Runtime: v, Name: v})
		m.NodeFact(collector.NetworkProgram{Program: v, Command: v, Failed: true})
		m.NodeFact(collector.NamespaceCreated{Type: v, Origin: collector.Origin(v)})
		m.NodeFact(collector.VethChanged{Origin: collector.Origin(v)})
	}
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(m, NewSelf(func() collector.Stats {
		return collector.Stats{Dropped: map[string]uint64{"A": 1, "\xff": 2}}
	}, func() ProbeStats {
		return ProbeStats{Probes: []Probe{{Name: "\xff", Mechanism: "\xff", Attached: true}}, Lost: map[Loss]uint64{{"A", "\xff"}: 1, {"B", "C"}: 2}}
	}, nil))
	for _, f := range gather(t, r) {
		for _, metric := range f.GetMetric() {
			for _, l := range metric.GetLabel() {
				switch l.GetName() {
				case "engine", "runtime", "kind", "phase", "command", "namespace_type":
					if l.GetValue() != safe.Other {
						t.Errorf("%s has %s=%q", f.GetName(), l.GetName(), l.GetValue())
					}
				}
			}
		}
		if f.GetName() == "container_start_exporter_events_lost_total" && f.GetMetric()[0].GetCounter().GetValue() != 3 {
			t.Error("lost events of unknown kinds are not summed")
		}
	}
}

// No start, whatever is in it, causes a panic or a failed scrape.
func TestMetricsHostile(t *testing.T) {
	m := New(Options{NativeHistograms: true})
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(m)
	for seed := range uint64(500) {
		m.Start(sample.Random(rand.New(rand.NewPCG(seed, 2))))
	}
	gather(t, r)
}

// What is not known is absent, not zero.
func TestSelfUnknown(t *testing.T) {
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(NewSelf(nil, func() ProbeStats { return ProbeStats{} }, nil))
	for _, f := range gather(t, r) {
		if f.GetName() != "container_start_exporter_build_info" {
			t.Errorf("%s is exported", f.GetName())
		}
	}
}

func BenchmarkMetricsStart(b *testing.B) {
	m, s := New(Options{}), sample.Docker()
	b.ReportAllocs()
	for b.Loop() {
		m.Start(s)
	}
}

// TestUnseenMountsAreNotCounted records a start of which no mounts can be seen: their
// number is not known, and not 0.
func TestUnseenMountsAreNotCounted(t *testing.T) {
	m := New(Options{})
	s := sample.Docker()
	s.Counts.Mounts, s.Counts.EngineMounts = 0, 0
	s.Degraded = []string{start.LacksOperation(start.OpMount), start.LacksOperation(start.OpRootfsMount)}
	m.Start(s)
	registry := prometheus.NewRegistry()
	registry.MustRegister(m)
	for _, f := range gather(t, registry) {
		if f.GetName() == "container_start_mounts" {
			t.Errorf("%v", f)
		}
	}
}
