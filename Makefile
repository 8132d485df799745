# Licet. `make demo` shows it run; `make test` runs every test.
# Nothing is needed beforehand but Go: the go command fetches what go.mod names.

GO       ?= go
BIN      := bin/licet

GOLANGCI_VERSION    := v2.15.0
GOVULNCHECK_VERSION := v1.9.0
TOOLS               := bin/tools

.PHONY: all build demo test guards lint bench fuzz clean

all: build

build:
	$(GO) build -trimpath -o $(BIN) ./cmd/licet

# The whole story with a real server, agent and NanoMDM, data under ./demo; stays
# up. DEMO=--once ends after the story.
demo: build bin/nanomdm
	$(BIN) demo $(DEMO)

# The device-management server that go.mod names as a tool.
bin/nanomdm: go.mod
	$(GO) build -trimpath -o $@ github.com/micromdm/nanomdm/cmd/nanomdm

# Everything, with what was skipped and why at the end. Tests that need a
# PostgreSQL run when LICET_TEST_POSTGRES holds its URL.
test:
	GO='$(GO)' GOVULNCHECK_VERSION=$(GOVULNCHECK_VERSION) .ci/test

# Removes one guard after another in a copy of the tree and demands that the test
# named in the patch fails. GUARDS=pattern picks some.
guards:
	$(GO) run ./e2e/guards $(if $(GUARDS),-run '$(GUARDS)')

lint: $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION)
	$< run ./...

$(TOOLS)/golangci-lint-$(GOLANGCI_VERSION):
	mkdir -p $(TOOLS)
	GOBIN=$(abspath $(TOOLS)) $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv $(TOOLS)/golangci-lint $@

# Measures the exchange (docs/performance.md). BENCH='--json --runs 1', for example.
bench: build
	$(BIN) bench $(BENCH)

# Every fuzz target for FUZZTIME, two at a time.
FUZZTIME ?= 15s
fuzz:
	GO='$(GO)' .ci/fuzz $(FUZZTIME)

clean:
	rm -rf bin demo
