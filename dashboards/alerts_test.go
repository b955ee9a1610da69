package dashboards

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v2"

	"container_start_exporter/test/host"
)

type ruleFile struct {
	Groups []struct {
		Name  string
		Rules []rule
	}
}

type rule struct {
	Alert       string
	Expr        string
	For         string
	Labels      map[string]string
	Annotations map[string]string
}

func readAlerts(t *testing.T) []rule {
	t.Helper()
	var file ruleFile
	if err := yaml.UnmarshalStrict(readFile(t, "alerts.yaml"), &file); err != nil {
		t.Fatal(err)
	}
	var rules []rule
	for _, group := range file.Groups {
		rules = append(rules, group.Rules...)
	}
	return rules
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestAlerts(t *testing.T) {
	series := readExported(t)
	tested := string(readFile(t, "alerts_test.yaml"))
	for _, r := range readAlerts(t) {
		series.check(t, r.Expr)
		if !slices.Contains([]string{"critical", "warning", "info"}, r.Labels["severity"]) || r.For == "" {
			t.Errorf("%s has severity %q, for %q", r.Alert, r.Labels["severity"], r.For)
		}
		for _, name := range []string{"summary", "description"} {
			if r.Annotations[name] == "" {
				t.Errorf("%s has no %s", r.Alert, name)
			}
			series.explained(t, r.Annotations[name], r.Expr)
		}
		if !strings.Contains(tested, "alertname: "+r.Alert+"\n") {
			t.Errorf("%s is not tested by alerts_test.yaml", r.Alert)
		}
	}
}

// TestRunbooks checks that each alert links to its heading in README.md, and
// that each of these headings has an alert.
func TestRunbooks(t *testing.T) {
	var headings, alerts []string
	for _, h := range regexp.MustCompile(`(?m)^### (.*)$`).FindAllStringSubmatch(string(readFile(t, "README.md")), -1) {
		headings = append(headings, h[1])
	}
	for _, r := range readAlerts(t) {
		alerts = append(alerts, r.Alert)
		if want := "README.md#" + strings.ToLower(r.Alert); r.Annotations["runbook_url"] != want {
			t.Errorf("%s links to %q, want %q", r.Alert, r.Annotations["runbook_url"], want)
		}
	}
	if !slices.Equal(headings, alerts) {
		t.Errorf("README.md has\n%v, want\n%v", headings, alerts)
	}
}

func TestPromtool(t *testing.T) {
	promtool := host.NeedProgram(t, "promtool", "prometheus")
	for _, args := range [][]string{{"check", "rules", "alerts.yaml"}, {"test", "rules", "alerts_test.yaml"}} {
		if out, err := exec.Command(promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
}
