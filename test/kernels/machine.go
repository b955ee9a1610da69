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

	"container_start_exporter/test/debian"
)

// Machine is an emulated virtual machine: it boots a kernel, runs the command of
// its initramfs, and powers off.
type Machine struct {
	Name      string // name of the directory of its logs
	Kernel    Kernel
	Initramfs Initramfs
	Disks     []string // images in raw format, never written to; the first is the root
	Append    string   // appended to the kernel's command line
	Memory    int      // in MiB; 0 means 1024
	Timeout   time.Duration
}

// Console is the result of a machine's run.
type Console struct {
	Output string // of the command
	Exit   int    // status of the command
	Log    string // path of the kernel's messages
}

// ErrMachine means that the machine did not reach the end of its command:
// whether the command would have succeeded is not known.
var ErrMachine = errors.New("machine did not end its command")

const defaultTimeout = 5 * time.Minute

// Run boots the machine and waits until it has powered off. If it does not reach
// the end of its command, it is booted once more.
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
	outputLog := filepath.Join(dir, "output.log")
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(m.Timeout, defaultTimeout))
	defer cancel()
	failed := run(ctx, m.command(ctx, initramfs, c.Log, outputLog))
	out, err := os.ReadFile(outputLog)
	var ended bool
	if c.Output, c.Exit, ended = cutMarker(out); ended {
		return c, nil
	}
	err = errors.Join(fmt.Errorf("%w: %s", ErrMachine, m.Name), failed, err, ctx.Err())
	return c, fmt.Errorf("%w\n%s\n%s", err, tail(c.Log), tail(outputLog))
}

// run runs qemu and makes sure that it does not outlive this process.
func run(ctx context.Context, cmd *exec.Cmd) error {
	runtime.LockOSThread() // Pdeathsig kills qemu when the thread that started it ends
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	_, err := debian.Output(cmd)
	return err
}

// command returns qemu's command line. It asks for tcg, so that every host
// emulates alike. The machine's clock advances by one nanosecond per instruction,
// and in real time while the CPU is idle: as emulation is slow, a real-time clock
// would interrupt each program and each system call a hundred times as often as
// on a real machine. Kernels do not boot on two CPUs with such a clock.
func (m Machine) command(ctx context.Context, initramfs, log, outputLog string) *exec.Cmd {
	program, machine, cpu, console := "qemu-system-x86_64", "q35", "max,-erms,-fsrm", "ttyS0"
	if m.Kernel.Arch == "arm64" { // cpu max has pointer authentication, which is slow to emulate
		program, machine, cpu, console = "qemu-system-aarch64", "virt", "neoverse-n1", "ttyAMA0"
	}
	line := "console=" + console + " panic=-1 apparmor=0 noapictimer init_on_alloc=0"
	if len(m.Disks) > 0 {
		line += " root=/dev/vda"
	}
	args := []string{
		"-accel", "tcg,thread=single", "-icount", "shift=0,sleep=on", "-machine", machine, "-cpu", cpu,
		"-smp", "1", "-m", strconv.Itoa(cmp.Or(m.Memory, 1024)),
		"-nodefaults", "-display", "none", "-no-reboot",
		"-kernel", m.Kernel.Image, "-initrd", initramfs, "-append", line + " " + m.Append,
		"-serial", "file:" + log,
		"-device", "virtio-serial-pci", "-chardev", "file,id=output,path=" + outputLog, "-device", "virtserialport,chardev=output",
	}
	for _, disk := range m.Disks {
		args = append(args, "-drive", "if=virtio,format=raw,snapshot=on,file="+disk)
	}
	return exec.CommandContext(ctx, program, args...)
}

var marker = regexp.MustCompile(`\nexit-status: (\d+)\n$`)

// cutMarker cuts off the last line that init writes, which holds the command's
// exit status. Without that line the command did not end.
func cutMarker(out []byte) (text string, exit int, ended bool) {
	at := marker.FindSubmatchIndex(out)
	if at == nil {
		return string(out), -1, false
	}
	exit, err := strconv.Atoi(string(out[at[2]:at[3]]))
	return string(out[:at[0]]), exit, err == nil
}

const tailLines = 40

// tail returns the path of a log and its last lines.
func tail(path string) string {
	log, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(string(bytes.TrimSpace(log)), "\n")
	lines = lines[max(0, len(lines)-tailLines):]
	return path + ":\n" + strings.Join(lines, "\n")
}
