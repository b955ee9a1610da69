package kernels

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ulikunitz/xz"
)

// Module is a kernel module: the contents of a file that a kernel can load.
type Module struct {
	Name  string
	Image []byte
}

// Modules are the modules of one kernel. The packages contain no modules.dep.
type Modules struct {
	files   map[string]string // by name
	builtin map[string]bool
}

func findModules(dir string) (Modules, error) {
	m := Modules{files: map[string]string{}, builtin: map[string]bool{}}
	builtin, err := os.ReadFile(filepath.Join(dir, "modules.builtin"))
	if err != nil {
		return m, err
	}
	for path := range strings.Lines(string(builtin)) {
		m.builtin[moduleName(strings.TrimSpace(path))] = true
	}
	return m, filepath.WalkDir(filepath.Join(dir, "kernel"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			m.files[moduleName(path)] = path
		}
		return err
	})
}

// moduleName returns the name of the module in a file: the kernel treats - as _.
func moduleName(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".ko")
	return strings.ReplaceAll(name, "-", "_")
}

// Order returns modules and the modules that they depend on, in an order in
// which they can be loaded. Built-in ones are left out.
func (m Modules) Order(names ...string) ([]Module, error) {
	var ordered []Module
	done := map[string]bool{}
	var visit func(name string) error
	visit = func(name string) error {
		name = moduleName(name)
		if done[name] || m.builtin[name] {
			return nil
		}
		done[name] = true
		image, err := m.read(name)
		if err != nil {
			return err
		}
		needed, err := depends(image)
		if err != nil {
			return fmt.Errorf("module %s: %w", name, err)
		}
		for _, other := range needed {
			if err := visit(other); err != nil {
				return err
			}
		}
		ordered = append(ordered, Module{name, image})
		return nil
	}
	for _, name := range names {
		if err := visit(name); err != nil {
			return nil, err
		}
	}
	return ordered, nil
}

func (m Modules) read(name string) ([]byte, error) {
	path := m.files[name]
	if path == "" {
		return nil, fmt.Errorf("this kernel has no module %s", name)
	}
	image, err := os.ReadFile(path)
	if err != nil || !strings.HasSuffix(path, ".xz") {
		return image, err
	}
	r, err := xz.NewReader(bytes.NewReader(image))
	if err != nil {
		return nil, fmt.Errorf("decompress %s: %w", path, err)
	}
	return io.ReadAll(r)
}

// depends returns the names of the modules that a module needs: its .modinfo
// section has a string such as depends=stp,llc.
func depends(image []byte) ([]string, error) {
	file, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return nil, err
	}
	info := file.Section(".modinfo")
	if info == nil {
		return nil, fmt.Errorf("no .modinfo")
	}
	texts, err := info.Data()
	if err != nil {
		return nil, err
	}
	for text := range strings.SplitSeq(string(texts), "\x00") {
		if names, ok := strings.CutPrefix(text, "depends="); ok && names != "" {
			return strings.Split(names, ","), nil
		}
	}
	return nil, nil
}
