package host

import (
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
)

// Server is an exporter that runs serve.
type Server struct {
	*Process
	Address string // that it listens on
	URL     string // of its root
}

// Serve starts a server for one test and waits until its probes are attached. Its
// environment is that of the tests and env.
func Serve(t testing.TB, env ...string) *Server {
	t.Helper()
	return serve(t, []string{Exporter(t)}, "", nil, env)
}

// ServeStatic is Serve of the binary that users have, in a working directory: what is
// measured of its memory and its answers is not the race detector's.
func ServeStatic(t testing.TB, dir string, env ...string) *Server {
	t.Helper()
	return serve(t, []string{StaticExporter(t)}, dir, nil, env)
}

// ServeWith is Serve with flags.
func ServeWith(t testing.TB, flags []string, env ...string) *Server {
	t.Helper()
	return serve(t, []string{Exporter(t)}, "", flags, env)
}

// ServeAfter is Serve by a command that executes the words behind it.
func ServeAfter(t testing.TB, command []string) *Server {
	t.Helper()
	return serve(t, append(slices.Clone(command), Exporter(t)), "", nil, nil)
}

func serve(t testing.TB, words []string, dir string, flags, env []string) *Server {
	t.Helper()
	address := FreeAddress(t)
	words = append(append(words, "serve", "--web.listen-address="+address), flags...)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	return serveBy(t, address, cmd)
}

// serveBy is Serve by a command whose server listens on an address.
func serveBy(t testing.TB, address string, cmd *exec.Cmd) *Server {
	t.Helper()
	s := &Server{Process: Start(t, cmd), Address: address, URL: "http://" + address}
	s.WaitFor(t, 30*time.Second, "200 from /-/ready", func() bool { return Answer(s.URL+"/-/ready") != "" })
	return s
}
