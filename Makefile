# `make demo` runs the main job, `make test` the tests; `make help` lists the rest.

SWIFT ?= swift
# A real Maelstrom instead of the workbench: make broadcast-3e MAELSTROM=~/maelstrom/maelstrom
MAELSTROM ?=

NODES := echo unique-ids broadcast
RELEASE := -c release --static-swift-stdlib -Xswiftc -cross-module-optimization

.DEFAULT_GOAL := build
.PHONY: help demo build deps test lint format clean $(NODES)

help: ## List the targets
	@grep -hE '^[a-zA-Z0-9 -]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 24

demo: ## Install what is missing, build, and run the efficient broadcast (challenge 3e)
demo: deps broadcast-3e

build: ## Build the nodes and the workbench into bin/
build: deps
	$(SWIFT) build $(RELEASE) --product glomer
	$(SWIFT) build $(RELEASE) --product workbench
	@mkdir -p bin
	@cp -f .build/release/glomer .build/release/workbench bin/
	@# Hard links: Maelstrom resolves symbolic ones, and the node would not know its name.
	@for node in $(NODES); do ln -f bin/glomer bin/maelstrom-$$node; done

deps: # Libraries and tools that the build needs; installed where Debian's apt is there to do it
	@if ! pkg-config --exists libuv jansson 2>/dev/null; then \
	  if command -v apt-get >/dev/null; then \
	    root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	    echo "installing libuv1-dev, libjansson-dev and pkg-config"; \
	    $$root apt-get update -qq && $$root apt-get install -y -qq pkg-config libuv1-dev libjansson-dev >/dev/null; \
	  else \
	    echo "please install libuv, jansson and pkg-config (macOS: brew install libuv jansson pkg-config)" >&2; \
	    exit 1; \
	  fi; \
	fi
	@command -v $(SWIFT) >/dev/null || { echo "please install Swift 6.2 or later: https://www.swift.org/install" >&2; exit 1; }

test: ## Run the tests
test: deps
	$(SWIFT) test --disable-xctest

lint: ## Check the formatting
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests

format: ## Format the sources in place
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

clean: ## Remove what was built
	rm -rf .build bin

# --- Challenges: Gossip Glomers, with each challenge's own options ---------------------------------------------------

RUN = $(if $(MAELSTROM),$(MAELSTROM),bin/workbench) test

echo: ## Challenge 1: echo
echo: build
	$(RUN) -w echo --bin bin/maelstrom-echo --node-count 1 --time-limit 10

unique-ids: ## Challenge 2: unique ids, under partitions
unique-ids: build
	$(RUN) -w unique-ids --bin bin/maelstrom-unique-ids --time-limit 30 --rate 1000 --node-count 3 \
	  --availability total --nemesis partition

BROADCAST = $(RUN) -w broadcast --bin bin/maelstrom-broadcast --time-limit 20

.PHONY: broadcast-3a broadcast-3b broadcast-3c broadcast-3d broadcast-3e
broadcast-3a: ## Challenge 3a: broadcast on one node
broadcast-3a: build
	$(BROADCAST) --node-count 1 --rate 10

broadcast-3b: ## Challenge 3b: on five nodes
broadcast-3b: build
	$(BROADCAST) --node-count 5 --rate 10

broadcast-3c: ## Challenge 3c: under partitions
broadcast-3c: build
	$(BROADCAST) --node-count 5 --rate 10 --nemesis partition

broadcast-3d: ## Challenge 3d: efficient, median below 400 ms and all below 600 ms
broadcast-3d: build
	$(BROADCAST) --node-count 25 --rate 100 --latency 100

broadcast-3e: ## Challenge 3e: more efficient, median below 1 s and all below 2 s
broadcast-3e: build
	$(BROADCAST) --node-count 25 --rate 100 --latency 100 -- --latency-budget 2s

broadcast: ## Challenges 3a to 3e in turn
broadcast: broadcast-3a broadcast-3b broadcast-3c broadcast-3d broadcast-3e
