package e2e

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"

	"container_start_exporter/test/host"
)

// image is the image of the containers.
const image = "busybox:local"

// imageTar returns the root filesystem as a tar file, for docker import.
func imageTar() (*bytes.Buffer, error) {
	root, err := host.Rootfs()
	if err != nil {
		return nil, err
	}
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	if err := archive.AddFS(os.DirFS(root)); err != nil {
		return nil, fmt.Errorf("pack the image: %w", err)
	}
	return &buffer, archive.Close()
}
