package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"
)

const attachTimeout = time.Minute

// Attach is how long it takes until events come: milliseconds, of so many
// times the median and the least.
type Attach struct {
	Mechanism string  `json:"mechanism"`
	What      string  `json:"what"`
	Median    float64 `json:"median_ms"`
	Least     float64 `json:"least_ms"`
}

// attaching opens the probes here, and executes an exporter where there is one.
func attaching(mechanism string, times int, exporter string) ([]Attach, error) {
	progress("attach by %s", mechanism)
	opened, err := attach(mechanism, "probes opened", times, open(mechanism))
	if err != nil || exporter == "" {
		return []Attach{opened}, err
	}
	ready, err := attach(mechanism, "exec to ready", times, serveUntilReady(exporter, mechanism))
	return []Attach{opened, ready}, err
}

func attach(mechanism, what string, times int, once func() (time.Duration, error)) (Attach, error) {
	var took []float64
	for range times {
		d, err := once()
		if err != nil {
			return Attach{}, fmt.Errorf("%s by %s: %w", what, mechanism, err)
		}
		took = append(took, d.Seconds()*1000)
	}
	return Attach{Mechanism: mechanism, What: what, Median: quantile(took, 0.5), Least: quantile(took, 0)}, nil
}

// open opens the probes in this process.
func open(mechanism string) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		begin := time.Now()
		e, err := openExporter(mechanism)
		if err != nil {
			return 0, err
		}
		return time.Since(begin), e.Close()
	}
}

// serveUntilReady executes the exporter and asks it whether it is ready.
func serveUntilReady(binary, mechanism string) func() (time.Duration, error) {
	return func() (took time.Duration, err error) {
		address, err := freeAddress()
		if err != nil {
			return 0, err
		}
		ctx, cancel := context.WithTimeout(context.Background(), attachTimeout)
		defer cancel()
		cmd := exec.CommandContext(ctx, binary, "--probe.mechanism="+mechanism, "serve", "--web.listen-address="+address)
		cmd.Cancel = func() error { return cmd.Process.Signal(unix.SIGTERM) }
		cmd.Stderr = os.Stderr
		begin := time.Now()
		if err := cmd.Start(); err != nil {
			return 0, err
		}
		err = ready(ctx, "http://"+address+"/-/ready")
		took = time.Since(begin)
		cancel()
		var exit *exec.ExitError
		if ended := cmd.Wait(); err == nil && errors.As(ended, &exit) {
			err = ended
		}
		return took, err
	}
}

// ready asks every millisecond until the answer is yes.
func ready(ctx context.Context, url string) error {
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		time.Sleep(time.Millisecond)
	}
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
