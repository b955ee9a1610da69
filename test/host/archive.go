package host

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

// FullImage is the image's name with its registry, for engines that require one.
const FullImage = "docker.io/library/" + Image

// ImageArchive returns the path of the image as `docker save` writes it, made once in Dir
// for all engines that load files. Its default command keeps running, because it also serves
// as a pod's sandbox.
func ImageArchive() (string, error) { return imageArchive() }

var imageArchive = sync.OnceValues(func() (string, error) {
	layer, err := ImageTar()
	if err != nil {
		return "", err
	}
	path := filepath.Join(Dir(), "image.tar")
	return path, WriteImage(path, FullImage, layer.Bytes(), map[string]any{"Cmd": []string{"/bin/sleep", "300"}, "Env": []string{"PATH=/bin"}})
})

// WriteImage writes an image as `docker save` does: of one layer, a tar file, with the
// configuration of its containers.
func WriteImage(path, name string, layer []byte, config map[string]any) error {
	image, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"config":       config,
		"rootfs":       map[string]any{"type": "layers", "diff_ids": []string{digest(layer)}},
	})
	if err != nil {
		return err
	}
	manifest, err := json.Marshal([]map[string]any{{
		"Config": "config.json", "RepoTags": []string{name}, "Layers": []string{"layer.tar"},
	}})
	if err != nil {
		return err
	}
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	for _, file := range []struct {
		name    string
		content []byte
	}{{"manifest.json", manifest}, {"config.json", image}, {"layer.tar", layer}} {
		if err := archive.WriteHeader(&tar.Header{Name: file.name, Mode: 0o644, Size: int64(len(file.content))}); err != nil {
			return err
		}
		if _, err := archive.Write(file.content); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, buffer.Bytes(), 0o644)
}

func digest(content []byte) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256(content))
}
