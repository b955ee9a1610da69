package e2e

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

	"container_start_exporter/test/host"
)

// fullImage is the image's name with its registry, for engines that require one.
const fullImage = "docker.io/library/" + image

// imageArchive returns the path of the image as `docker save` writes it, made once
// for all engines that load files. Its default command keeps running, because it
// also serves as a pod's sandbox.
var imageArchive = sync.OnceValues(func() (string, error) {
	layer, err := host.ImageTar()
	if err != nil {
		return "", err
	}
	config, err := json.Marshal(map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"config":       map[string]any{"Cmd": []string{"/bin/sleep", "300"}, "Env": []string{"PATH=/bin"}},
		"rootfs":       map[string]any{"type": "layers", "diff_ids": []string{digest(layer.Bytes())}},
	})
	if err != nil {
		return "", err
	}
	manifest, err := json.Marshal([]map[string]any{{
		"Config": "config.json", "RepoTags": []string{fullImage}, "Layers": []string{"layer.tar"},
	}})
	if err != nil {
		return "", err
	}
	var buffer bytes.Buffer
	archive := tar.NewWriter(&buffer)
	for _, file := range []struct {
		name    string
		content []byte
	}{{"manifest.json", manifest}, {"config.json", config}, {"layer.tar", layer.Bytes()}} {
		if err := archive.WriteHeader(&tar.Header{Name: file.name, Mode: 0o644, Size: int64(len(file.content))}); err != nil {
			return "", err
		}
		if _, err := archive.Write(file.content); err != nil {
			return "", err
		}
	}
	if err := archive.Close(); err != nil {
		return "", err
	}
	path := filepath.Join(host.Dir(), "image.tar")
	return path, os.WriteFile(path, buffer.Bytes(), 0o644)
})

func digest(content []byte) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256(content))
}
