package privilege

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"container_start_exporter/test/host"
)

// nobody is the id of a user that owns no files.
const nobody = 65532

// roles are what the test binary does when it is executed as another user, by the
// value of CSE_ROLE. A role prints what it finds.
var roles = map[string]func() error{}

func TestMain(m *testing.M) {
	role := roles[os.Getenv("CSE_ROLE")]
	if role == nil {
		os.Exit(m.Run())
	}
	if err := role(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// play executes the test binary as a user with these capabilities, without CAP_,
// that cannot gain others: as systemd would start it. It returns what the role
// prints, and the text of the error that it returns.
func play(t *testing.T, role string, user int, capabilities ...string) (printed, failure string) {
	t.Helper()
	cmd := host.AsUser(t, user, capabilities, copySelf(t))
	cmd.Env = append(os.Environ(), "CSE_ROLE="+role)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && stderr.Len() == 0 {
		t.Fatal(err)
	}
	return stdout.String(), strings.TrimSpace(stderr.String())
}

// copySelf copies the test binary to where every user may execute it.
func copySelf(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "privilege")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	path := filepath.Join(dir, "privilege.test")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := io.Copy(file, self); err != nil {
		t.Fatal(err)
	}
	return path
}
