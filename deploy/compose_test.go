package deploy

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"go.yaml.in/yaml/v2"
)

// composeFile has the fields of the Compose specification that compose.yaml uses.
type composeFile struct {
	Name     string
	Services map[string]struct {
		Image string
		Build struct {
			Context    string
			Dockerfile string
		}
		Restart     string
		Ports       []string
		PID         string `yaml:"pid"`
		ReadOnly    bool   `yaml:"read_only"`
		Privileged  bool
		CapDrop     []string       `yaml:"cap_drop"`
		CapAdd      []string       `yaml:"cap_add"`
		SecurityOpt []string       `yaml:"security_opt"`
		Ulimits     map[string]int `yaml:"ulimits"`
		MemLimit    string         `yaml:"mem_limit"`
		Volumes     []string
		Environment map[string]string
	}
}

func TestCompose(t *testing.T) {
	var file composeFile
	if err := yaml.UnmarshalStrict(read(t, "compose.yaml"), &file); err != nil {
		t.Fatal(err)
	}
	s, ok := file.Services["exporter"]
	if !ok || len(file.Services) != 1 {
		t.Fatalf("services: %v, want only the exporter", file.Services)
	}
	if _, err := os.Stat(filepath.Join(s.Build.Context, s.Build.Dockerfile)); err != nil {
		t.Error(err)
	}
	if s.PID != "host" {
		t.Error("the exporter does not see the host's processes")
	}
	if s.Privileged || !s.ReadOnly || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
		t.Errorf("privileged %t, read-only %t, %v", s.Privileged, s.ReadOnly, s.SecurityOpt)
	}
	if !slices.Contains(s.SecurityOpt, "seccomp=seccomp.json") { // a path beside the file
		t.Errorf("%v: lacks the seccomp profile", s.SecurityOpt)
	}
	equalSets(t, "cap_drop", s.CapDrop, []string{"ALL"})
	equalSets(t, "cap_add", s.CapAdd, inContainer)
	equalSets(t, "volumes", s.Volumes, []string{tracefs + ":" + tracefs + ":ro"})
	equalSets(t, "ports", s.Ports, []string{"127.0.0.1:9786:9786"})
}
