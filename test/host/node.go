package host

import (
	"os/exec"
	"strconv"
	"syscall"
	"testing"
)

// InNode returns a command that executes cmd as the first process of a pid namespace
// with a /proc of its own, as in a node that is a container.
func InNode(cmd *exec.Cmd) *exec.Cmd {
	const script = `mount --make-rprivate / && mount -t proc proc /proc && exec "$0" "$@"`
	in := exec.Command("sh", append([]string{"-c", script, cmd.Path}, cmd.Args[1:]...)...)
	in.Env, in.Dir = cmd.Env, cmd.Dir
	in.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
	return in
}

// EnterNode returns the words to put before a command line so that it runs in the pid
// namespace of a process that InNode has started, in a mount namespace of its own with
// that node's /proc.
func EnterNode(p *Process) []string {
	return []string{"nsenter", "-t", strconv.Itoa(p.Cmd.Process.Pid), "--pid", "--", "unshare", "--mount", "--mount-proc", "--"}
}

// ServeInNode is Serve in a node.
func ServeInNode(t testing.TB) *Server {
	t.Helper()
	address := FreeAddress(t)
	return serveBy(t, address, InNode(exec.Command(Exporter(t), "serve", "--web.listen-address="+address)))
}
