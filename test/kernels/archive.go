// Package kernels boots stock Debian kernels in qemu, and runs in them what has
// to be tested on several kernel series: the probes' own tests, and the exporter
// beside real engines.
package kernels

import (
	"context"

	"container_start_exporter/test/debian"
)

// suites are those that have cloud kernels. bullseye itself is no longer on all mirrors.
var suites = []string{"bullseye-security", "bookworm", "bookworm-security", "trixie", "trixie-security", "trixie-backports"}

// Archive is Debian's archive of kernels for one architecture.
type Archive struct{ *debian.Archive }

// OpenArchive opens the archive and updates its package lists. Without a network
// it uses the lists it has.
func OpenArchive(ctx context.Context, arch string) (*Archive, error) {
	cache, err := Cache()
	if err != nil {
		return nil, err
	}
	a, err := debian.OpenArchive(ctx, cache, arch, suites...)
	if err != nil {
		return nil, err
	}
	return &Archive{a}, nil
}

// Cache returns the directory in which kernels, modules and images are kept.
func Cache() (string, error) { return debian.Cache("kernels") }
