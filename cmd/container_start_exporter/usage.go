package main

import (
	"text/template"

	"github.com/alecthomas/kingpin/v2"
)

// usage is the template of --help: what the program or the command does, its
// commands or arguments, its flags.
const usage = `{{define "Args"}}{{range .Args}} {{if .PlaceHolder}}{{.PlaceHolder}}{{else}}{{.Name}}{{end}}{{if .Value|IsCumulative}}...{{end}}{{end}}{{end -}}
{{if .Context.SelectedCommand -}}
usage: {{.App.Name}} {{.Context.SelectedCommand}} [FLAG...]{{template "Args" .Context.SelectedCommand}}

{{.Context.SelectedCommand.Help|Wrap 0}}
{{if .Context.Args -}}
Arguments:
{{.Context.Args|ArgsToTwoColumns|FormatTwoColumns}}
{{end -}}
{{if .Context.SelectedCommand.Flags -}}
Flags:
{{.Context.SelectedCommand.Flags|FlagsToTwoColumns|FormatTwoColumns}}
{{end -}}
{{else -}}
usage: {{.App.Name}} [COMMAND] [FLAG...]

{{.App.Help|Wrap 0}}
Commands ({{.App.Name}} COMMAND --help shows more):
{{.App.Commands|Summaries|FormatTwoColumns}}
{{end -}}
Flags of all commands:
{{.App.Flags|FlagsToTwoColumns|FormatTwoColumns}}
`

var usageFuncs = template.FuncMap{
	// Summaries returns the names of the commands, each with its first sentence.
	"Summaries": func(list []*kingpin.CmdModel) [][2]string {
		var rows [][2]string
		for _, c := range list {
			if c.Name != "help" && !c.Hidden {
				rows = append(rows, [2]string{c.Name, firstSentence(c.Help)})
			}
		}
		return rows
	},
}
