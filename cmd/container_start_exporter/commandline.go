package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	promslogflag "github.com/prometheus/common/promslog/flag"
	"github.com/prometheus/common/version"
)

// parse returns the command that a command line selects, serve without one, and a
// function that runs it.
func parse(args []string) (command string, do func() error, err error) {
	app, commands := newApplication()
	if len(args) > 0 && args[0] == "help" {
		args = append([]string{"--help"}, args[1:]...)
	}
	if args, err = commandFirst(app.Model(), args); err != nil {
		return "", nil, err
	}
	given := "" // without a command
	if len(args) > 0 && commands[args[0]] != nil {
		given = args[0]
	}
	app.Interspersed(given != "run") // flags after the command of run belong to that command
	command, err = app.Parse(args)
	if err != nil {
		return "", nil, usageError(given, err)
	}
	return command, commands[command], nil
}

// newApplication returns the parser of the command line and, by name, the commands.
func newApplication() (*kingpin.Application, map[string]func() error) {
	app := kingpin.New(program, "Times every container start on this host from inside the kernel, phase by phase. Without a command it runs serve.")
	app.HelpFlag.Short('h').Help("Show help and exit.")
	app.Version(version.Print(program))
	app.VersionFlag.Help("Show the version and exit.")
	app.UsageWriter(os.Stdout).ErrorWriter(os.Stderr)
	app.UsageTemplate(usage).UsageFuncs(usageFuncs)

	c := common{}
	promslogflag.AddFlags(app, &c.log) // accepted with any command, as in other exporters; only serve logs
	commands := map[string]func() error{}
	for _, add := range []func(*kingpin.Application, *common) (*kingpin.CmdClause, func() error){
		addServe, addRun, addWatch, addEvents, addReplay, addCheck,
	} {
		clause, do := add(app, &c)
		commands[clause.FullCommand()] = func() error {
			if err := c.registerNames(); err != nil {
				return err
			}
			return do()
		}
	}
	return app, commands
}

// commandFirst moves the command to the front. Flags may come before it, but
// kingpin knows the flags of a command only after it has seen the command. What
// follows an unknown flag stays as it is, because kingpin refuses that flag.
func commandFirst(app *kingpin.ApplicationModel, args []string) ([]string, error) {
	needsValue := flagNames(app)
	for i := 0; i < len(args); i++ {
		word := args[i]
		name, _, hasValue := strings.Cut(word, "=")
		needs, known := needsValue[name]
		switch {
		case isCommand(app, word):
			return slices.Concat([]string{word}, args[:i], args[i+1:]), nil
		case isWord(word):
			return nil, unknownCommand(app, word)
		case !known:
			return args, nil
		case needs && !hasValue:
			i++
		}
	}
	return args, nil
}

// isWord returns whether kingpin would read a word as it is: - begins a flag, and @
// the name of a file with arguments.
func isWord(word string) bool { return word == "" || word[0] != '-' && word[0] != '@' }

func isCommand(app *kingpin.ApplicationModel, word string) bool {
	return slices.ContainsFunc(app.Commands, func(c *kingpin.CmdModel) bool { return c.Name == word })
}

// flagNames returns the flags of all commands as they are written, and whether each
// needs a value. A flag of two commands is the same in both.
func flagNames(app *kingpin.ApplicationModel) map[string]bool {
	names := map[string]bool{}
	add := func(flags []*kingpin.FlagModel) {
		for _, f := range flags {
			names["--"+f.Name] = !f.IsBoolFlag()
			if f.IsBoolFlag() {
				names["--no-"+f.Name] = false
			}
			if f.Short != 0 {
				names["-"+string(f.Short)] = !f.IsBoolFlag()
			}
		}
	}
	add(app.Flags)
	for _, c := range app.Commands {
		add(c.Flags)
	}
	return names
}

var unknownFlag = regexp.MustCompile(`^unknown (?:long|short) flag '(.*)'$`)

// usageError returns an error of kingpin in the words of this program, with the
// help to read. The command is empty if none was given.
func usageError(command string, err error) error {
	if bad := (*valueError)(nil); errors.As(err, &bad) {
		return err // says what to write
	}
	help := strings.TrimSpace(program+" "+command) + " --help"
	text := err.Error()
	if flag := unknownFlag.FindStringSubmatch(text); flag != nil && command == "" {
		text = "unknown flag " + flag[1]
	} else if flag != nil {
		text = command + " has no flag " + flag[1]
	} else if word, ok := strings.CutPrefix(text, "unexpected "); ok {
		text = fmt.Sprintf("unexpected argument %q", word)
	}
	return fmt.Errorf("%s: try %s", text, help)
}
