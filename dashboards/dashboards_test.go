// Package dashboards holds a Grafana dashboard and Prometheus alerts, and tests
// that they use only what the exporter exports.
package dashboards

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dashboard has the fields of Grafana's model that the tests check.
type dashboard struct {
	UID        string
	Title      string
	Panels     []panel
	Templating struct {
		List []struct {
			Name, Type string
			Query      any
			Definition string
		}
	}
}

type panel struct {
	ID          int
	Type        string
	Title       string
	Description string
	Datasource  struct{ UID string }
	GridPos     struct{ X, Y, W, H int }
	FieldConfig struct {
		Defaults struct{ Unit string }
	}
	Targets []struct {
		RefID        string
		Expr         string
		LegendFormat string
		Datasource   struct{ UID string }
	}
}

func readDashboard(t *testing.T) *dashboard {
	t.Helper()
	content, err := os.ReadFile("container_start.json")
	if err != nil {
		t.Fatal(err)
	}
	d := &dashboard{}
	if err := json.Unmarshal(content, d); err != nil {
		t.Fatal(err)
	}
	return d
}

// graphs returns the panels that show data: all but the rows.
func (d *dashboard) graphs() []panel {
	return slices.DeleteFunc(slices.Clone(d.Panels), func(p panel) bool { return p.Type == "row" })
}

func TestDashboardVariables(t *testing.T) {
	d := readDashboard(t)
	if d.UID != "container-start" { // links contain it
		t.Errorf("the uid is %q", d.UID)
	}
	var names []string
	series := readExported(t)
	for _, v := range d.Templating.List {
		names = append(names, v.Name)
		if v.Type != "query" {
			continue
		}
		name := regexp.MustCompile(`^label_values\((container_start\w+)`).FindStringSubmatch(v.Definition)
		if name == nil || series[name[1]] == nil && name[1] != "container_start_exporter_build_info" {
			t.Errorf("%s asks for %q", v.Name, v.Definition)
		}
	}
	if want := []string{"datasource", "job", "instance"}; !slices.Equal(names, want) {
		t.Errorf("the variables are %v, want %v", names, want)
	}
}

func TestDashboardPanels(t *testing.T) {
	ids, titles := map[int]bool{}, map[string]bool{}
	for _, p := range readDashboard(t).Panels {
		if ids[p.ID] || titles[p.Title] {
			t.Errorf("the id or the title of %d %q is used twice", p.ID, p.Title)
		}
		ids[p.ID], titles[p.Title] = true, true
	}
	for _, p := range readDashboard(t).graphs() {
		if p.Title == "" || !strings.HasSuffix(p.Description, ".") || p.FieldConfig.Defaults.Unit == "" {
			t.Errorf("%q has the description %q and the unit %q", p.Title, p.Description, p.FieldConfig.Defaults.Unit)
		}
		if p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 {
			t.Errorf("%q has %d targets in %q", p.Title, len(p.Targets), p.Datasource.UID)
		}
		if p.GridPos.X+p.GridPos.W > 24 || p.GridPos.H == 0 {
			t.Errorf("%q is at %+v", p.Title, p.GridPos)
		}
	}
}

func TestDashboardPanelsDoNotOverlap(t *testing.T) {
	panels := readDashboard(t).Panels
	for i, p := range panels {
		for _, q := range panels[i+1:] {
			a, b := p.GridPos, q.GridPos
			if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
				t.Errorf("%q overlaps %q", p.Title, q.Title)
			}
		}
	}
}

func TestDashboardTargets(t *testing.T) {
	series := readExported(t)
	for _, p := range readDashboard(t).graphs() {
		refs := map[string]bool{}
		for _, target := range p.Targets {
			if refs[target.RefID] || target.Datasource.UID != "${datasource}" {
				t.Errorf("%q: target %q in %q", p.Title, target.RefID, target.Datasource.UID)
			}
			refs[target.RefID] = true
			series.check(t, target.Expr)
			series.explained(t, target.LegendFormat, target.Expr)
			for _, s := range selector.FindAllStringSubmatch(target.Expr, -1) {
				if !strings.Contains(s[2], `job=~"$job"`) || !strings.Contains(s[2], `instance=~"$instance"`) {
					t.Errorf("%q: %s does not select job and instance", p.Title, s[0])
				}
			}
			for _, window := range regexp.MustCompile(`\[([^\]]*)\]`).FindAllStringSubmatch(target.Expr, -1) {
				if window[1] != "$__rate_interval" && window[1] != "$__range" {
					t.Errorf("%q: the window is %s", p.Title, window[1])
				}
			}
		}
	}
}
