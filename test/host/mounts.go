package host

import (
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// InMounts returns the words to put before a command line so that it runs among other
// mounts: they enter a mount namespace that exists until the test ends, in which a shell
// has run the script, with args as $0 and on.
func InMounts(t *testing.T, script string, args ...string) []string {
	t.Helper()
	holder := Start(t, exec.Command("unshare", append([]string{"-m", "--propagation", "private", "sh", "-c",
		script + "\necho mounted && exec sleep infinity"}, args...)...))
	t.Cleanup(func() { _ = holder.End(syscall.SIGKILL, 10*time.Second) })
	holder.WaitFor(t, 10*time.Second, "mounts of its own", func() bool { return holder.Stdout.String() == "mounted\n" })
	return []string{"nsenter", "-t", strconv.Itoa(holder.Cmd.Process.Pid), "-m", "--"}
}
