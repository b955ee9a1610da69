package host

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
)

// Image is the name of the containers' image.
const Image = "busybox:local"

// ImageTar returns the root file system of the image as a tar file, for docker
// import.
func ImageTar() (*bytes.Buffer, error) {
	root, err := Rootfs()
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
