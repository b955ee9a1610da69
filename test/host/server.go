package host

import (
	"os"
	"os/exec"
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
	return serve(t, Exporter(t), "", nil, env)
}

// ServeStatic is Serve of the binary that users have, in a working directory: what is
// measured of its memory and its answers is not the race detector's.
func ServeStatic(t testing.TB, dir string, env ...string) *Server {
	t.Helper()
	return serve(t, StaticExporter(t), dir, nil, env)
}

// ServeWith is Serve with flags.
func ServeWith(t testing.TB, flags []string, env ...string) *Server {
	t.Helper()
	return serve(t, Exporter(t), "", flags, env)
}

func serve(t testing.TB, exporter, dir string, flags, env []string) *Server {
	t.Helper()
	address := FreeAddress(t)
	cmd := exec.Command(exporter, append([]string{"serve", "--web.listen-address=" + address}, flags...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	s := &Server{Process: Start(t, cmd), Address: address, URL: "http://" + address}
	s.WaitFor(t, 30*time.Second, "200 from /-/ready", func() bool { return Answer(s.URL+"/-/ready") != "" })
	return s
}
