package bundle

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Why a file of others is not read.
var (
	errNotRegular = errors.New("not a regular file")
	errFileSystem = errors.New("on a file system in which a read may wait or have an effect")
	errTooLarge   = errors.New("the file is too large")
)

// root is a directory within which paths are resolved. It is open for nothing else
// (O_PATH).
type root struct{ fd int }

// ownRoot opens the root directory of this process.
func ownRoot() (root, error) {
	fd, err := unix.Open("/", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	return root{fd}, os.NewSyscallError("open", err)
}

func (r root) close() { _ = unix.Close(r.fd) }

// open opens a file of at most limit bytes. Opening some files has an effect, or waits
// (a FIFO, a device, files of tracefs): the file is found and looked at without being
// opened, and then exactly that one is opened.
func (r root) open(path string, limit int64) (*file, error) {
	found, err := r.resolve(path)
	if err != nil {
		return nil, err
	}
	defer unix.Close(found)
	size, err := regular(found)
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, errTooLarge
	}
	return reopen(found, size)
}

// maxRetries limits how often a path is resolved again because something was renamed
// or mounted meanwhile, anywhere on the host, so that the kernel could not be sure that
// ".." had not left the root.
const maxRetries = 64

// resolve finds a file without opening it (O_PATH). All of the path, its links
// included, is resolved within the root, as if by chroot; it has no link of the kind
// of /proc/PID/fd/N, which leads anywhere. (openat2, Linux 5.6)
func (r root) resolve(path string) (fd int, err error) {
	how := unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	}
	for range maxRetries {
		fd, err = unix.Openat2(r.fd, path, &how)
		if err != unix.EAGAIN && err != unix.EINTR {
			break
		}
	}
	if err != nil {
		return -1, &os.PathError{Op: "openat2", Path: path, Err: err}
	}
	return fd, nil
}

// regular returns the size of a regular file, in bytes. The error is errFileSystem or
// errNotRegular, unless that of a system call.
func regular(fd int) (int64, error) {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return 0, os.NewSyscallError("fstatfs", err)
	}
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return 0, os.NewSyscallError("fstat", err)
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFREG {
		return 0, errNotRegular
	}
	if !storesFiles(uint32(fs.Type), uint64(stat.Dev)) {
		return 0, errFileSystem
	}
	return stat.Size, nil
}

// Types of file systems that golang.org/x/sys/unix does not have.
const (
	zfsMagic      = 0x2fc12fc1
	bcachefsMagic = 0xca451a4e
	aufsMagic     = 0x61756673
)

// storesFiles reports whether a file system stores files on this host, on a device or
// in memory, so that reading one is only that. The others are interfaces to the kernel
// (proc, sysfs, tracefs, cgroup, ...), or another process or host answers (FUSE, NFS,
// 9P, ...). All but those listed have an anonymous device, whose major number is 0.
func storesFiles(magic uint32, dev uint64) bool {
	switch magic {
	case unix.TMPFS_MAGIC, unix.RAMFS_MAGIC, unix.OVERLAYFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC,
		unix.ECRYPTFS_SUPER_MAGIC, zfsMagic, bcachefsMagic, aufsMagic:
		return true
	case unix.FUSE_SUPER_MAGIC: // also of a block device
		return false
	}
	return unix.Major(dev) != 0
}
