// Package debian gets packages of other suites of Debian than the host's, from the mirrors
// that the host's apt has.
package debian

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"sync"
)

// Mirrors are the URLs from which this host's apt configuration gets Debian.
type Mirrors struct {
	Debian   string // the suites as they were released
	Security string // their security updates
}

// FindMirrors asks apt once for the mirrors: --print-uris prints what it would
// fetch, and fetches nothing.
var FindMirrors = sync.OnceValues(func() (Mirrors, error) {
	out, err := Output(exec.CommandContext(context.Background(), "apt-get", "update", "--print-uris"))
	if err != nil {
		return Mirrors{}, err
	}
	return parseMirrors(out)
})

// suiteURI is a line of apt-get --print-uris that names a suite:
// 'http://HOST/debian/dists/SUITE/InRelease' FILE 0
var suiteURI = regexp.MustCompile(`(?m)^'(\S+)/dists/\S+/InRelease' `)

func parseMirrors(uris string) (m Mirrors, err error) {
	for _, at := range suiteURI.FindAllStringSubmatch(uris, -1) {
		switch base := at[1]; base[strings.LastIndex(base, "/")+1:] {
		case "debian":
			m.Debian = base
		case "debian-security":
			m.Security = base
		}
	}
	if m.Debian == "" || m.Security == "" {
		return m, fmt.Errorf("find Debian's mirrors: apt's sources have %q and %q; want .../debian and .../debian-security", m.Debian, m.Security)
	}
	return m, nil
}

// sources returns a sources.list of suites.
func (m Mirrors) sources(suites []string) string {
	var list strings.Builder
	for _, suite := range suites {
		mirror := m.Debian
		if strings.HasSuffix(suite, "-security") {
			mirror = m.Security
		}
		fmt.Fprintf(&list, "deb %s %s main\n", mirror, suite)
	}
	return list.String()
}

// Output returns what a command writes to its standard output; an error has what it wrote
// to its standard error.
func Output(cmd *exec.Cmd) (string, error) {
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, exit.Stderr)
	}
	return string(out), err
}
