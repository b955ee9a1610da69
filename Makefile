# make run      serve metrics on :9786 (needs Go and root)
# make test     everything, with real engines (root; installs Debian packages, mounts tracefs)
# make help     the rest

BINARY  := bin/container_start_exporter
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
STAMP   := github.com/prometheus/common/version
LDFLAGS := -s -w -X $(STAMP).Version=$(VERSION) \
	-X $(STAMP).Revision=$(shell git rev-parse HEAD 2>/dev/null) \
	-X $(STAMP).Branch=$(shell git rev-parse --abbrev-ref HEAD 2>/dev/null)
ROOT    := $(filter 0,$(shell id -u))
FUZZTIME ?= 10s
KERNELS  ?= 5.10 6.1 6.12 newest

export CGO_ENABLED := 0

.PHONY: build run generate check-generate lint prepare test test-kernels bench bench-overhead bench-overhead-kernels fuzz clean help

build: ## build the static binary bin/container_start_exporter
	go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o $(BINARY) ./cmd/container_start_exporter

run: build ## build it and serve metrics on :9786
	$(BINARY) serve

generate: ## compile the probes anew (needs clang-14)
	go generate ./bpf

check-generate: ## check that the committed probes are what their sources say
	.ci/check-generate

lint: ## gofmt and go vet
	@test -z "$$(gofmt -l . | tee /dev/stderr)" || { echo 'lint: not gofmt-ed: see above' >&2; exit 1; }
	go vet ./...

prepare: ## install the Debian packages that the tests need, and mount tracefs (root)
	.ci/prepare-host

# One package at a time: those that load the probes see each other's containers.
# Never from the cache: what they test is the kernel and the engines, too.
test: $(if $(ROOT),prepare) lint $(if $(ROOT),check-generate) ## run all tests, with real engines and in the stock kernels where root
	@$(if $(ROOT),:,echo 'test: not root: skipping the check of the generated probes, the stock kernels, and every test that loads probes or starts containers')
	go test -count=1 -p 1 -timeout 40m ./...
	$(if $(ROOT),$(MAKE) test-kernels)

test-kernels: $(if $(ROOT),prepare) ## run the probes' tests and real engines in the stock kernels KERNELS
	go test -count=1 -v -timeout 60m -parallel 2 ./kernels -kernels "$(KERNELS)"

bench: ## run the benchmarks
	go test -run '^$$' -bench . -benchmem ./...

bench-overhead: build ## measure what the probes cost the host (root; on a quiet host, in a minute or two)
	go build -trimpath -buildvcs=false -ldflags '-s -w' -o bin/overhead ./bpf/overhead
	bin/overhead --exporter=$(BINARY) $(OVERHEAD)

bench-overhead-kernels: $(if $(ROOT),prepare) ## measure it in the stock kernels KERNELS, in instructions (some minutes a kernel)
	go test -count=1 -v -timeout 180m -parallel 1 ./kernels -run TestOverhead -kernels "$(KERNELS)" -overhead "--rounds=5 --attachments=3"

fuzz: ## fuzz each fuzz target for FUZZTIME (10s)
	@for package in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz'); do \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package || exit 1; \
		done; \
	done

clean: ## remove what was built
	rm -rf bin

help: ## say what each target does
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' $(MAKEFILE_LIST)
