package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// hugeBundles are files of which one byte costs its reader many, or that never end.
var hugeBundles = map[string]func() string{
	"hooks-4MiB":      func() string { return `{"hooks":{"prestart":[` + list("{}", 4<<20) + `]}}` },
	"hooks-1MiB":      func() string { return `{"hooks":{"prestart":[` + list("{}", 1<<20-64) + `]}}` },
	"hook-args":       func() string { return `{"hooks":{"prestart":[{"args":[` + list(`""`, 1<<20-64) + `]}]}}` },
	"capabilities":    func() string { return `{"process":{"capabilities":{"bounding":[` + list(`"C"`, 4e6) + `]}}}` },
	"capabilities-in": func() string { return `{"process":{"capabilities":{"bounding":[` + list(`"C"`, 1<<20-128) + `]}}}` },
	"mounts":          func() string { return `{"mounts":[` + list("{}", 1<<20-64) + `]}` },
	"annotations":     annotations,
	"deep-list":       func() string { return `{"hooks":` + strings.Repeat("[", 1<<20-64) },
	"deep-object":     func() string { return strings.Repeat(`{"a":`, 200_000) },
	"name":            func() string { return `{"root":{"path":"/` + strings.Repeat("x", 1<<20-64) + `"}}` },
	"key":             func() string { return `{"` + strings.Repeat("k", 1<<20-64) + `":1}` },
	"number":          func() string { return `{"a":` + strings.Repeat("9", 1<<20-64) + `}` },
	"escapes":         func() string { return `{"hostname":"` + strings.Repeat(`\u0000`, 170_000) + `"}` },
	"unfinished":      func() string { return `{"root":{"path":"/` },
	"64MiB":           func() string { return `{"hostname":"` + strings.Repeat("x", 64<<20) + `"}` },
}

// list returns a list of as many of an element as fit in a number of bytes.
func list(element string, bytes int) string {
	return strings.TrimSuffix(strings.Repeat(element+",", bytes/(len(element)+1)), ",")
}

// annotations returns a bundle with many annotations that an engine reads.
func annotations() string {
	var b strings.Builder
	b.WriteString(`{"annotations":{`)
	for i := range 3_000 {
		fmt.Fprintf(&b, `"io.kubernetes.cri.container-name":"%s%d",`, strings.Repeat("n", 250), i)
	}
	return b.String() + `"a":"b"}}`
}

// bundles creates containers of such bundles. Its argument is their number.
func bundles(args []string) (int, error) {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return 0, err
	}
	var dirs []string
	for name, content := range hugeBundles {
		dir := filepath.Join(work, "bundles", name)
		if err := writeFile(filepath.Join(dir, "config.json"), content()); err != nil {
			return 0, err
		}
		dirs = append(dirs, dir)
	}
	return rounds(n, 4, func(i int) error { return create("linger", dirs[i%len(dirs)]) })
}
