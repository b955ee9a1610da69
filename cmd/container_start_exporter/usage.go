package main

import (
	"strings"
	"text/template"

	"github.com/alecthomas/kingpin/v2"
	promslogflag "github.com/prometheus/common/promslog/flag"
)

// usage is the template of --help: what the program or the command does, examples,
// its commands or arguments, its flags. HelpLong are the examples.
const usage = `{{define "Args"}}{{range .Args}} {{if .PlaceHolder}}{{.PlaceHolder}}{{else}}{{.Name}}{{end}}{{if .Value|IsCumulative}}...{{end}}{{end}}{{end -}}
{{if .Context.SelectedCommand -}}
usage: {{.App.Name}} {{.Context.SelectedCommand}} [FLAG...]{{template "Args" .Context.SelectedCommand}}

{{.Context.SelectedCommand.Help|Wrap 0}}
Examples:
{{.Context.SelectedCommand.HelpLong}}

{{if .Context.Args -}}
Arguments:
{{.Context.Args|ArgsToTwoColumns|FormatTwoColumns}}
{{end -}}
{{else -}}
usage: {{.App.Name}} [COMMAND] [FLAG...]

{{.App.Help|Wrap 0}}
Examples:
  {{.App.Name}} --web.listen-address=127.0.0.1:9786
  {{.App.Name}} run -- docker run --rm busybox true

Commands ({{.App.Name}} COMMAND --help shows the flags of each):
{{.App.Commands|Summaries|FormatTwoColumns}}
{{end -}}
Flags:
{{FlagsOf .App .Context.SelectedCommand|FlagsToTwoColumns|PlainSwitches|FormatTwoColumns}}
`

var usageFuncs = template.FuncMap{
	"Summaries":     summaries,
	"FlagsOf":       flagsOf,
	"PlainSwitches": plainSwitches,
}

// summaries returns the names of the commands, each with its first sentence.
func summaries(commands []*kingpin.CmdModel) [][2]string {
	var rows [][2]string
	for _, c := range commands {
		if c.Name != "help" && !c.Hidden {
			rows = append(rows, [2]string{c.Name, firstSentence(c.Help)})
		}
	}
	return rows
}

// flagsOf returns the flags that apply to a command, or those of the program if it
// is nil. Only serve logs.
func flagsOf(app *kingpin.ApplicationModel, command *kingpin.CmdModel) []*kingpin.FlagModel {
	byName := map[string]*kingpin.FlagModel{}
	for _, f := range app.Flags {
		byName[f.Name] = f
	}
	switch help := byName["help"]; {
	case command == nil:
		return []*kingpin.FlagModel{help, byName["version"]}
	case command.Name == "serve":
		return append(command.Flags, byName[promslogflag.LevelFlagName], byName[promslogflag.FormatFlagName], help)
	default:
		return append(command.Flags, help)
	}
}

// examples returns lines of the same indentation as those of the other lists.
func examples(lines ...string) string { return "  " + strings.Join(lines, "\n  ") }

// plainSwitches returns rows of flags without the mark that a switch can be negated,
// as --[no-]help.
func plainSwitches(rows [][2]string) [][2]string {
	for i := range rows {
		rows[i][0] = strings.Replace(rows[i][0], "[no-]", "", 1)
	}
	return rows
}
