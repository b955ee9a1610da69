package kernels

import (
	_ "embed"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/cavaliergopher/cpio"
)

//go:embed init.sh
var initScript []byte

// always are the modules that init needs to reach its output port and its disk.
var always = []string{"virtio_pci", "virtio_console", "virtio_blk", "ext4"}

// Initramfs is what a kernel boots into: busybox, modules, files and a command.
// Its init (init.sh) mounts what a host has mounted, loads the modules, copies
// the files to the root (the first disk of the machine, else a tmpfs), switches
// to that root and runs the command there.
type Initramfs struct {
	Load    []string          // modules that init loads, after those they depend on
	Carry   []string          // modules that are not loaded but put into /modules of the root, as NAME.ko
	Files   map[string]string // path on the root: path of a file on this host, copied with its mode
	Command string            // shell script; its output and exit status are the machine's
}

// write writes the initramfs as a cpio archive.
func (i Initramfs) write(k Kernel, to string) error {
	load, err := k.Modules.Order(slices.Concat(always, i.Load)...)
	if err != nil {
		return err
	}
	carry, err := k.Modules.Order(i.Carry...)
	if err != nil {
		return err
	}
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	defer f.Close()
	a := &archiver{w: cpio.NewWriter(f), made: map[string]bool{}}
	a.copy("bin/busybox", k.Busybox)
	a.add("init", 0o755, initScript)
	a.add("command", 0o755, []byte(i.Command))
	var order strings.Builder
	for _, m := range load {
		a.add("load/"+m.Name+".ko", 0o644, m.Image)
		order.WriteString(m.Name + "\n")
	}
	a.add("load/order", 0o644, []byte(order.String()))
	for _, m := range carry {
		a.add("root/modules/"+m.Name+".ko", 0o644, m.Image)
	}
	for _, name := range slices.Sorted(maps.Keys(i.Files)) {
		a.copy(path.Join("root", name), i.Files[name])
	}
	if a.err == nil {
		a.err = a.w.Close()
	}
	if a.err == nil {
		a.err = f.Close()
	}
	return a.err
}

// archiver adds files to an archive, each after the directories that contain it.
// It keeps the first error.
type archiver struct {
	w    *cpio.Writer
	made map[string]bool
	err  error
}

func (a *archiver) copy(name, from string) {
	content, err := os.ReadFile(from)
	if err != nil {
		a.fail(err)
		return
	}
	info, err := os.Stat(from)
	if err != nil {
		a.fail(err)
		return
	}
	a.add(name, info.Mode().Perm(), content)
}

func (a *archiver) add(name string, mode fs.FileMode, content []byte) {
	a.directory(path.Dir(name))
	a.put(&cpio.Header{Name: name, Mode: cpio.TypeReg | cpio.FileMode(mode), Size: int64(len(content))}, content)
}

func (a *archiver) directory(name string) {
	if name == "." || a.made[name] {
		return
	}
	a.directory(path.Dir(name))
	a.made[name] = true
	a.put(&cpio.Header{Name: name, Mode: cpio.TypeDir | 0o755}, nil)
}

func (a *archiver) put(h *cpio.Header, content []byte) {
	if a.err != nil {
		return
	}
	a.fail(a.w.WriteHeader(h))
	_, err := a.w.Write(content)
	a.fail(err)
}

func (a *archiver) fail(err error) {
	if a.err == nil {
		a.err = err
	}
}
