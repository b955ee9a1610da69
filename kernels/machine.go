package kernels

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Machine is a virtual machine, emulated: it boots a kernel, runs the command
// of its initramfs, and is off.
type Machine struct {
	Name      string // of the directory of its logs
	Kernel    Kernel
	Initramfs Initramfs
	Disks     []string // images in raw format, which stay as they are; the first is the root
	Append    string   // to the kernel's command line
	Memory    int      // in MiB; 0 is 1024
	Timeout   time.Duration
}

// Console is what came out of a machine.
type Console struct {
	Output string // of the command
	Exit   int    // status of the command
	Log    string // path of the kernel's messages
}

// ErrMachine is that the machine did not come to the end of its command: this
// says nothing of the command.
var ErrMachine = errors.New("machine did not end its command")

const defaultTimeout = 5 * time.Minute

// Run boots the machine and waits until it is off. A machine that does not get
// to the end of its command is booted once more.
func (m Machine) Run(ctx context.Context) (Console, error) {
	c, err := m.attempt(ctx, 1)
	if errors.Is(err, ErrMachine) && ctx.Err() == nil {
		c, err = m.attempt(ctx, 2)
	}
	return c, err
}

func (m Machine) attempt(ctx context.Context, n int) (Console, error) {
	cache, err := Cache()
	if err != nil {
		return Console{}, err
	}
	dir := filepath.Join(cache, "logs", m.Name, strconv.Itoa(n))
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return Console{}, err
	}
	initramfs := filepath.Join(dir, "initramfs")
	if err := m.Initramfs.write(m.Kernel, initramfs); err != nil {
		return Console{}, fmt.Errorf("make the initramfs of %s: %w", m.Name, err)
	}
	defer os.Remove(initramfs)

	c := Console{Log: filepath.Join(dir, "console.log")}
	said := filepath.Join(dir, "output.log")
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(m.Timeout, defaultTimeout))
	defer cancel()
	failed := run(ctx, m.command(ctx, initramfs, c.Log, said))
	out, err := os.ReadFile(said)
	var ended bool
	if c.Output, c.Exit, ended = cutMarker(out); ended {
		return c, nil
	}
	err = errors.Join(fmt.Errorf("%w: %s", ErrMachine, m.Name), failed, err, ctx.Err())
	return c, fmt.Errorf("%w\n%s\n%s", err, tail(c.Log), tail(said))
}

// run runs qemu, which does not outlive this process.
func run(ctx context.Context, cmd *exec.Cmd) error {
	runtime.LockOSThread() // when the thread that made it ends, it is killed
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	_, err := output(cmd)
	return err
}

// command is qemu's. It says tcg itself, so that it is the same everywhere. The
// machine's clock takes each instruction for a nanosecond, and goes with time
// while it is idle: else, as emulation is slow, a timer would interrupt each
// program and each call a hundred times as often as on a real machine. Kernels
// do not boot on two processors that way.
func (m Machine) command(ctx context.Context, initramfs, log, said string) *exec.Cmd {
	program, machine, cpu, console := "qemu-system-x86_64", "q35", "max", "ttyS0"
	if m.Kernel.Arch == "arm64" { // max has pointer authentication, which takes long to emulate
		program, machine, cpu, console = "qemu-system-aarch64", "virt", "neoverse-n1", "ttyAMA0"
	}
	line := "console=" + console + " panic=-1 apparmor=0"
	if len(m.Disks) > 0 {
		line += " root=/dev/vda"
	}
	args := []string{
		"-accel", "tcg,thread=single", "-icount", "shift=0,sleep=on", "-machine", machine, "-cpu", cpu,
		"-smp", "1", "-m", strconv.Itoa(cmp.Or(m.Memory, 1024)),
		"-nodefaults", "-display", "none", "-no-reboot",
		"-kernel", m.Kernel.Image, "-initrd", initramfs, "-append", line + " " + m.Append,
		"-serial", "file:" + log,
		"-device", "virtio-serial-pci", "-chardev", "file,id=said,path=" + said, "-device", "virtserialport,chardev=said",
	}
	for _, disk := range m.Disks {
		args = append(args, "-drive", "if=virtio,format=raw,snapshot=on,file="+disk)
	}
	return exec.CommandContext(ctx, program, args...)
}

var marker = regexp.MustCompile(`\nexit-status: (\d+)\n$`)

// cutMarker takes off the init's last line, without which the command did not
// end.
func cutMarker(out []byte) (said string, exit int, ended bool) {
	at := marker.FindSubmatchIndex(out)
	if at == nil {
		return string(out), -1, false
	}
	exit, err := strconv.Atoi(string(out[at[2]:at[3]]))
	return string(out[:at[0]]), exit, err == nil
}

const tailLines = 40

// tail is the end of a log, under its path.
func tail(path string) string {
	log, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(string(bytes.TrimSpace(log)), "\n")
	lines = lines[max(0, len(lines)-tailLines):]
	return path + ":\n" + strings.Join(lines, "\n")
}
