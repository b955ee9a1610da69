package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// worker is another process, which runs one loop on request. It is this program
// again; it is watched if it is executed under a watched name.
type worker struct {
	loop loop
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Scanner
	dir  string
}

// workCommand is the first argument of a worker; the loop, its directory and
// the CPU follow.
const workCommand = "work"

func startWorker(program string, l loop) (*worker, error) {
	dir, err := os.MkdirTemp("", "overhead")
	if err != nil {
		return nil, err
	}
	w := &worker{loop: l, dir: dir, cmd: exec.Command(program, workCommand, l.name, dir, strconv.Itoa(loopCPU()))}
	w.cmd.Stderr = os.Stderr
	in, inErr := w.cmd.StdinPipe()
	out, outErr := w.cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr); err != nil {
		return nil, err
	}
	w.in, w.out = in, bufio.NewScanner(out)
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	_, err = w.run(1) // when it answers, it is ready
	return w, err
}

// run makes the worker do that many steps, and returns how long they took.
func (w *worker) run(steps int) (time.Duration, error) {
	if _, err := fmt.Fprintln(w.in, steps); err != nil {
		return 0, err
	}
	if !w.out.Scan() {
		return 0, fmt.Errorf("the loop %s has ended", w.loop.name)
	}
	n, err := strconv.ParseInt(w.out.Text(), 10, 64)
	return time.Duration(n), err
}

func (w *worker) stop() error {
	w.in.Close()
	return errors.Join(w.cmd.Wait(), os.RemoveAll(w.dir))
}

// work is a worker's main. For each number that it reads it does that many
// steps, and prints the nanoseconds that they took.
func work(args []string) error {
	runtime.LockOSThread() // the first thread: the loops change its name and its namespaces
	debug.SetGCPercent(-1)
	name, dir := args[0], args[1]
	l, err := find(name)
	if err != nil {
		return err
	}
	cpu, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	if err := errors.Join(pin(cpu), unix.Unshare(unix.CLONE_NEWNS),
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")); err != nil {
		return err
	}
	step, err := l.prepare(dir)
	if err != nil {
		return fmt.Errorf("prepare %s: %w", name, err)
	}
	return serve(step)
}

func serve(step func() error) error {
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		steps, err := strconv.Atoi(in.Text())
		if err != nil {
			return err
		}
		runtime.GC()
		begin := time.Now()
		for range steps {
			if err := step(); err != nil {
				return err
			}
		}
		fmt.Println(time.Since(begin).Nanoseconds())
	}
	return nil
}
