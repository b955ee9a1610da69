# make run         serve metrics on :9786 (needs Go and root)
# make test-quick  run the tests that need neither root nor engines
# make test        run all tests, with real engines (root; installs Debian packages, mounts tracefs)
# make help        list all targets

BINARY  := bin/container_start_exporter
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
STAMP   := github.com/prometheus/common/version
LDFLAGS := -s -w -X $(STAMP).Version=$(VERSION) \
	-X $(STAMP).Revision=$(shell git rev-parse HEAD 2>/dev/null) \
	-X $(STAMP).Branch=$(shell git rev-parse --abbrev-ref HEAD 2>/dev/null)
ROOT    := $(filter 0,$(shell id -u))
FUZZTIME ?= 10s
KERNELS  ?= 5.10 6.1 6.12 newest
TOOL    := go tool -modfile=.ci/tools/go.mod
IMPORTS := --skip-generated -s standard -s default -s 'prefix(container_start_exporter)' .

export CGO_ENABLED := 0

.PHONY: build run generate check-generate lint format prepare test-quick test test-race test-fuzz test-kernels test-kubernetes bench bench-overhead bench-overhead-kernels fuzz clean help

build: ## build the static binary bin/container_start_exporter
	go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o $(BINARY) ./cmd/container_start_exporter

run: build ## build the binary and serve metrics on :9786 (root)
	$(BINARY) serve

generate: ## compile the probes from bpf/c (needs clang-14)
	go generate ./bpf

check-generate: ## check that the committed probes match their sources
	.ci/check-generate

# The import order: standard library, third party, this module.
lint: ## check the format and the import order of all Go files, run go vet and staticcheck
	@files=$$(gofmt -l . && $(TOOL) gci list $(IMPORTS)) || exit 1; \
		[ -z "$$files" ] || { printf '%s\n' 'lint: make format changes:' $$files >&2; exit 1; }
	go vet ./...
	$(TOOL) staticcheck ./...

format: ## format all Go files and order their imports
	gofmt -w .
	$(TOOL) gci write $(IMPORTS)

prepare: ## install the Debian packages that the tests need and mount tracefs (root)
	.ci/prepare-host

# As root, unshare --user drops the privileges of root, so that the tests that need
# root skip themselves. "not executable" does not, but needs root to load the probes.
test-quick: ## run the tests that need neither root nor engines, in less than a minute
	go test -short -vet=off $(if $(ROOT),-exec 'unshare --user') -skip '^TestBadInput$$/^not_executable$$' ./...

# All tests run under the race detector, and so does the exporter that they start.
# Without it run what is static for good (test/host, StaticExporter), the tests of the
# reader's speed and of allocations, and the kernels' guests: those have no C
# library, and are slow.
test: $(if $(ROOT),prepare) lint $(if $(ROOT),check-generate) ## run lint and all tests; as root, with real engines and in the stock kernels KERNELS
	@$(if $(ROOT),:,echo 'test: not root: skipping the check of the generated probes, the stock kernels, and every test that loads probes or starts containers')
	$(MAKE) test-race
	go test -count=1 ./bpf -run '^(TestReaderIsWoken|TestPairs)$$'
	go test -count=1 ./collector ./exporter/view
	$(MAKE) test-fuzz
	$(if $(ROOT),$(MAKE) test-kernels)

# One package at a time: packages that load the probes see each other's containers.
# Never from the cache: the kernel and the engines are under test, too.
# By default a program waits a second for the last race when it exits.
test-race: $(if $(ROOT),prepare) ## run all tests but the stock kernels under the race detector (needs a C compiler)
	CGO_ENABLED=1 GORACE=atexit_sleep_ms=10 go test -race -count=1 -p 1 -timeout 40m ./...

test-fuzz: ## run each fuzz target for 20 s
	$(MAKE) fuzz FUZZTIME=20s

test-kernels: $(if $(ROOT),prepare) ## run the tests of the probes and real engines in Debian's stock kernels KERNELS
	go test -count=1 -v -timeout 60m -parallel 2 ./test/kernels -kernels "$(KERNELS)"

test-kubernetes: $(if $(ROOT),prepare) ## run the DaemonSet of deploy/ on a Kubernetes of one node (root; builds Kubernetes once, in some minutes)
	go test -count=1 -v -timeout 60m ./test/kubelet -run TestCluster -cluster

bench: ## run the Go benchmarks
	go test -run '^$$' -bench . -benchmem ./...

bench-overhead: build ## measure what the probes cost this host (root; a minute or two on a quiet host)
	go build -trimpath -buildvcs=false -ldflags '-s -w' -o bin/overhead ./test/overhead
	bin/overhead --exporter=$(BINARY) $(OVERHEAD)

bench-overhead-kernels: $(if $(ROOT),prepare) ## measure it in instructions, in the stock kernels KERNELS (root; some minutes per kernel)
	go test -count=1 -v -timeout 180m -parallel 1 ./test/kernels -run TestOverhead -kernels "$(KERNELS)" -overhead "--rounds=5 --attachments=3"

fuzz: ## run each fuzz target for FUZZTIME (10s)
	@for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x $$package || exit 1; \
		done; \
	done

clean: ## remove bin/
	rm -rf bin

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' $(MAKEFILE_LIST)
