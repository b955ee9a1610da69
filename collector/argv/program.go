package argv

import (
	"iter"
	"path"
)

// Program is what a process has executed.
type Program struct {
	Name   string   // as it is called: a script's own name, not that of its interpreter
	Args   []string // from its name on
	Script bool     // an interpreter runs it
	file   string   // the name that was executed
	exe    string   // the name of the file, if that was a link to it
}

// ProgramOf returns the program of an exec of a path, of which the file is named exe if
// that differs. The kernel puts a script's interpreter, and at most one argument of that,
// before the script's path (fs/binfmt_script.c).
func ProgramOf(file, exe string, args []string) Program {
	p := Program{Args: args, exe: exe}
	if file != "" {
		p.file = path.Base(file)
	}
	for i := 1; i < len(args) && i <= 2; i++ {
		if file != "" && args[i] == file {
			p.Args, p.Script = args[i:], true
			break
		}
	}
	if len(p.Args) > 0 {
		p.Name = path.Base(p.Args[0])
	}
	return p
}

// maxFileName is NAME_MAX: what a process calls a program may be longer.
const maxFileName = 255

// Names are the names that the program may be known by, the surest first: the file's, that
// of a link to it, and what the process that executed it calls it, which may be anything.
func (p Program) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, name := range [...]string{p.exe, p.file, p.Name} {
			if name != "" && len(name) <= maxFileName && !yield(name) {
				return
			}
		}
	}
}
