package runtime

import "strings"

// flagSet is what has to be known of the flags of one part of a command line.
type flagSet struct {
	getopt bool
	values []string // that have one
	plain  []string // that have none, before all of values
}

// split returns the flags, up to the first word that is not one (as getopt does
// without permutation), and the words that follow.
func (s flagSet) split(args []string) (flags map[string]string, words []string) {
	flags = make(map[string]string)
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return flags, args[i+1:]
		}
		if len(arg) < 2 || arg[0] != '-' {
			return flags, args[i:]
		}
		if name := s.read(arg, flags); name != "" && i+1 < len(args) {
			i++
			flags[name] = args[i]
		}
	}
	return flags, nil
}

// read adds the flags of one word. It returns the one whose value is the next word,
// "" if there is none.
func (s flagSet) read(arg string, flags map[string]string) (waiting string) {
	if s.getopt && arg[1] != '-' {
		return s.readLetters(arg[1:], flags)
	}
	name, value, assigned := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	name = s.complete(name)
	flags[name] = value
	if !assigned && s.hasValue(name) {
		return name
	}
	return ""
}

// readLetters adds flags of one letter. What follows one that has a value is its value.
func (s flagSet) readLetters(letters string, flags map[string]string) (waiting string) {
	for i := range len(letters) {
		name, value := letters[i:i+1], letters[i+1:]
		if !s.hasValue(name) {
			flags[name] = ""
			continue
		}
		flags[name] = value
		if value == "" {
			return name
		}
		return ""
	}
	return ""
}

func (s flagSet) hasValue(name string) bool {
	return contains(s.values, name) && !contains(s.plain, name)
}

// complete returns the whole name of a flag that may be abbreviated. If several begin
// so, that is an error of the command line, or some are another command's: either all
// have a value or none has.
func (s flagSet) complete(name string) string {
	if !s.getopt || name == "" || contains(s.plain, name) || contains(s.values, name) {
		return name
	}
	for _, list := range [][]string{s.plain, s.values} {
		for _, whole := range list {
			if len(whole) > 1 && strings.HasPrefix(whole, name) {
				return whole
			}
		}
	}
	return name
}
