package host

import (
	"fmt"
	"os"
	"testing"
)

// workDir is the directory that Dir returns.
var workDir string

// Main runs a package's tests and returns the status to exit with: TestMain calls
// it. It makes Dir first. After the tests it calls each of after, then removes Dir;
// an error of these is printed, and fails the run.
func Main(m *testing.M, after ...func() error) (status int) {
	var err error
	if workDir, err = makeWorkDir(); err != nil {
		fmt.Fprintln(os.Stderr, "make the working directory:", err)
		return 1
	}
	status = m.Run()
	removeWorkDir := func() error { return os.RemoveAll(workDir) } // fails if something is still mounted there
	for _, clean := range append(after, removeWorkDir) {
		if err := clean(); err != nil {
			fmt.Fprintln(os.Stderr, "clean up:", err)
			status = 1
		}
	}
	return status
}

// makeWorkDir makes a directory in which other users can execute programs.
func makeWorkDir() (string, error) {
	dir, err := os.MkdirTemp("", "cse-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

// Dir returns the path of a directory that exists as long as the test process. Its
// path is short, so that a socket can be in it. Only a package whose TestMain calls
// Main has one.
func Dir() string {
	if workDir == "" {
		panic("host: no working directory: TestMain has to call Main")
	}
	return workDir
}
