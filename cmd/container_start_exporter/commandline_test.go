package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestCommandLine checks which command a command line selects: flags may come
// before the command, and without a command it is serve.
func TestCommandLine(t *testing.T) {
	for _, tc := range []struct{ args, command string }{
		{"", "serve"},
		{"--web.listen-address=:1 --buffer-size 4MiB", "serve"},
		{"--log.level=debug serve --web.listen-address=:1", "serve"},
		{"--probe.mechanism=fentry serve --log.level=error", "serve"},
		{"--log.level debug watch", "watch"},
		{"--format json watch --waterfall", "watch"},
		{"--wait-ready --ready-timeout 8s watch", "watch"},
		{"watch --format json --wait-ready --ready-timeout 8s", "watch"},
		{"--probe.mechanism=kprobe check", "check"},
		{"--no-privileges.keep events", "events"},
		{"replay --start-timeout=1m -", "replay"},
		{"--runtime.name=tank --runtime.name=other_tank-2 --shim.name tank-shim watch", "watch"},
		{"replay --runtime.name=tank --shim.name=tank-shim -", "replay"},
		{"--format json replay watch", "replay"},
		{"-o check run watch --nope", "run"},
		{"--buffer-size=4MiB run -- docker run --rm busybox true", "run"},
	} {
		command, _, err := parse(strings.Fields(tc.args))
		if err != nil || command != tc.command {
			t.Errorf("%q: %q, %v; want %q", tc.args, command, err, tc.command)
		}
	}
}

// TestCommandLineRefuses checks that a flag without a meaning for a command is
// refused, before and after the command.
func TestCommandLineRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"replay --buffer-size=4MiB FILE":     "replay has no flag --buffer-size: try container_start_exporter replay --help",
		"--buffer-size=4MiB replay FILE":     "replay has no flag --buffer-size: try container_start_exporter replay --help",
		"replay --probe.mechanism=auto FILE": "replay has no flag --probe.mechanism: try container_start_exporter replay --help",
		"replay --privileges.keep FILE":      "replay has no flag --privileges.keep: try container_start_exporter replay --help",
		"replay --ready-timeout=0 FILE":      "replay has no flag --ready-timeout: try container_start_exporter replay --help",
		"check --start-timeout=1m":           "check has no flag --start-timeout: try container_start_exporter check --help",
		"check --runtime.name=tank":          "check has no flag --runtime.name: try container_start_exporter check --help",
		"check --privileges.keep":            "check has no flag --privileges.keep: try container_start_exporter check --help",
		"events --start-timeout=1m":          "events has no flag --start-timeout: try container_start_exporter events --help",
		"--web.listen-address=:1 watch":      "watch has no flag --web.listen-address: try container_start_exporter watch --help",
		"watch -o FILE":                      "watch has no flag -o: try container_start_exporter watch --help",
		"--nope":                             "unknown flag --nope: try container_start_exporter --help",
		"--nope 5m":                          "unknown flag --nope: try container_start_exporter --help",
		"--privilege.keep check":             "unknown flag --privilege.keep: try container_start_exporter --help",
		"--format=json":                      "unknown flag --format: try container_start_exporter --help",
		"check everything":                   `unexpected argument "everything": try container_start_exporter check --help`,
		"--log.level debug wacth":            `unknown command "wacth"; did you mean "watch"?`,
		"--format=json replya FILE":          `unknown command "replya"; did you mean "replay"?`,
		"help wacth":                         `unknown command "wacth"; did you mean "watch"?`,
		"docker run":                         `unknown command "docker": try container_start_exporter --help`,
	} {
		if _, _, err := parse(strings.Fields(args)); err == nil || err.Error() != want {
			t.Errorf("%q: %v\nwant %s", args, err, want)
		}
	}
}

// TestHelpListsFlagsThatApply checks which flags --help lists.
func TestHelpListsFlagsThatApply(t *testing.T) {
	probes := []string{"buffer-size", "probe.mechanism", "help"}
	names := []string{"runtime.name", "shim.name"}
	reading := slices.Concat([]string{"privileges.keep"}, names, probes)
	starts := append([]string{"start-timeout", "ready-timeout", "nested"}, reading...)
	for command, want := range map[string][]string{
		"": {"help", "version"},
		"serve": append([]string{"web.systemd-socket", "web.listen-address", "web.config.file", "web.telemetry-path",
			"web.disable-exporter-metrics", "web.disable-page", "metrics.native-histograms", "log.level", "log.format"}, starts...),
		"run":    append([]string{"output", "format", "wait-ready"}, starts...),
		"watch":  append([]string{"format", "waterfall", "wait-ready"}, starts...),
		"events": append([]string{"format"}, reading...),
		"replay": append([]string{"format", "start-timeout", "nested", "help"}, names...),
		"check":  probes,
	} {
		var got []string
		help := invoke(t, "", 0, strings.Fields(command+" --help")...).stdout
		for _, m := range regexp.MustCompile(`(?m)^  (?:-\w, |    )?--([a-z.-]+)`).FindAllStringSubmatch(help, -1) {
			got = append(got, m[1])
		}
		slices.Sort(got)
		if slices.Sort(want); !slices.Equal(got, want) {
			t.Errorf("%s --help lists %q\nwant %q", command, got, want)
		}
	}
}

// TestHelpWarnsOfArguments checks that events --help says that recordings hold
// arguments.
func TestHelpWarnsOfArguments(t *testing.T) {
	help := strings.Join(strings.Fields(invoke(t, "", 0, "events", "--help").stdout), " ")
	if want := "the arguments of the programs that are executed, which may hold secrets"; !strings.Contains(help, want) {
		t.Errorf("%q is not in %s", want, help)
	}
}

// TestHelpExamples checks that --help shows two examples, and that each is a valid
// command line of that command.
func TestHelpExamples(t *testing.T) {
	for _, command := range []string{"", "serve", "run", "watch", "events", "replay", "check"} {
		help := invoke(t, "", 0, strings.Fields(command+" --help")...).stdout
		_, examples, _ := strings.Cut(help, "\nExamples:\n")
		n := 0
		for line := range strings.Lines(examples) {
			_, args, ok := strings.Cut(line, " "+program)
			if !ok {
				break
			}
			n++
			args, _, _ = strings.Cut(args, " > ")
			if got, _, err := parse(strings.Fields(args)); err != nil || command != "" && got != command {
				t.Errorf("%s --help: %s is %q, %v", command, line, got, err)
			}
		}
		if n != 2 {
			t.Errorf("%s --help shows %d examples:\n%s", command, n, help)
		}
	}
}

func TestEditDistance(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{
		{"watch", "watch", 0}, {"wacth", "watch", 1}, {"wach", "watch", 1}, {"wwatch", "watch", 1}, {"catch", "watch", 1},
		{"", "run", 3}, {"run", "", 3}, {"runs", "rnu", 2}, {"docker", "check", 5},
	} {
		if got := editDistance(tc.a, tc.b); got != tc.want {
			t.Errorf("%q, %q: %d; want %d", tc.a, tc.b, got, tc.want)
		}
	}
}
