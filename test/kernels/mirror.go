package kernels

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"sync"
)

// mirrors are the URLs from which this host's apt configuration gets Debian.
type mirrors struct {
	debian   string // the suites as they were released
	security string // their security updates
}

// findMirrors asks apt once for the mirrors: --print-uris prints what it would
// fetch, and fetches nothing.
var findMirrors = sync.OnceValues(func() (mirrors, error) {
	out, err := output(exec.CommandContext(context.Background(), "apt-get", "update", "--print-uris"))
	if err != nil {
		return mirrors{}, err
	}
	return parseMirrors(out)
})

// suiteURI is a line of apt-get --print-uris that names a suite:
// 'http://HOST/debian/dists/SUITE/InRelease' FILE 0
var suiteURI = regexp.MustCompile(`(?m)^'(\S+)/dists/\S+/InRelease' `)

func parseMirrors(uris string) (m mirrors, err error) {
	for _, at := range suiteURI.FindAllStringSubmatch(uris, -1) {
		switch base := at[1]; base[strings.LastIndex(base, "/")+1:] {
		case "debian":
			m.debian = base
		case "debian-security":
			m.security = base
		}
	}
	if m.debian == "" || m.security == "" {
		return m, fmt.Errorf("find Debian's mirrors: apt's sources have %q and %q; want .../debian and .../debian-security", m.debian, m.security)
	}
	return m, nil
}
