# `make demo` runs the main job, `make test` the tests; `make help` lists the rest.

SWIFT ?= swift
# A real Maelstrom instead of the workbench: make broadcast-3e MAELSTROM=~/maelstrom/maelstrom
MAELSTROM ?=

RELEASE := -c release --static-swift-stdlib -Xswiftc -cross-module-optimization
# A folder of its own, so that the tests' build need not wait for it.
RELEASE_BUILD := .build-release

SWIFT_SOURCES := Package.swift Sources Tests Examples/Package.swift Examples/Sources Examples/Tests \
  bench/Package.swift bench/Sources bench/Benchmarks

.DEFAULT_GOAL := build
.PHONY: help demo build nodes release deps test examples guide docs coverage lint format clean

help: ## List the targets
	@grep -hE '^[a-zA-Z0-9 -]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 24

demo: ## Install what is missing, build, and run the efficient broadcast (challenge 3e)
ifdef MAELSTROM
demo: deps broadcast-3e
else
demo: deps build
	bin/workbench challenges broadcast-3e
	@echo "The run on one page: store/latest/report.html; all runs in a browser: bin/workbench serve"
endif

build: ## Build the nodes and the workbench into bin/
build: deps
	@# All at once: what nodes and workbench don't share is compiled side by side.
	$(SWIFT) build $(RELEASE) --scratch-path $(RELEASE_BUILD)
	@mkdir -p bin
	@$(LINK_NODES)
	@cp -f $(RELEASE_BUILD)/release/workbench bin/
	@# What workbench --version and a run's run.edn name.
	@git describe --always --dirty > bin/COMMIT 2>/dev/null || rm -f bin/COMMIT

nodes: ## Build the nodes alone
nodes: deps
	$(SWIFT) build $(RELEASE) --scratch-path $(RELEASE_BUILD) --product glomer
	@mkdir -p bin
	@$(LINK_NODES)

# Hard links: Maelstrom resolves symbolic ones, and the node would not know its name.
LINK_NODES = { SWIFTC=$(SWIFT)c CSupport/link-static.sh $(RELEASE_BUILD)/release bin/glomer || \
  { echo "bin/glomer is linked dynamically: it starts more slowly"; cp -f $(RELEASE_BUILD)/release/glomer bin/; }; } && \
  for node in $$(bin/glomer --list); do ln -f bin/glomer bin/maelstrom-$$node; done

DIST := glomers-$(shell uname -s | tr A-Z a-z)-$(shell uname -m)

release: ## A tarball of static programs for systems without Swift, with its checksum: dist/
release: build
	@# Releases are built with the versions that NOTICE names, and no others.
	python3 .ci/licences.py --exact --build $(RELEASE_BUILD)
	@rm -rf dist && mkdir -p dist/$(DIST)/bin
	@# Static where that can be, or it would not run without Swift's and libuv's own libraries.
	@SWIFTC=$(SWIFT)c CSupport/link-static.sh $(RELEASE_BUILD)/release dist/$(DIST)/bin/workbench workbench
	@SWIFTC=$(SWIFT)c CSupport/link-static.sh $(RELEASE_BUILD)/release dist/$(DIST)/bin/glomer
	@strip dist/$(DIST)/bin/workbench dist/$(DIST)/bin/glomer
	@for node in $$(bin/glomer --list); do ln dist/$(DIST)/bin/glomer dist/$(DIST)/bin/maelstrom-$$node; done
	@if [ -f bin/COMMIT ]; then cp bin/COMMIT dist/$(DIST)/bin/; fi
	@python3 .ci/licences.py --exact --build $(RELEASE_BUILD) --collect dist/$(DIST)/licences >/dev/null
	@# The guide with all that it shows and names: it is given from a release's folder, too.
	@tar -cf - --exclude __pycache__ --exclude .build LICENSE NOTICE README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md \
	  docs Examples bench/*.md bench/*.svg bench/results Sources/Nodes Sources/Glomers/Glomers.docc \
	  Tests/TranscriptTests/transcripts | tar -C dist/$(DIST) -xf -
	@python3 docs/guide.py --links dist/$(DIST)
	@mkdir -p dist/$(DIST)/share/man/man1 dist/$(DIST)/share/completions
	@for shell in bash zsh fish; do \
	  bin/workbench --generate-completion-script $$shell > dist/$(DIST)/share/completions/workbench.$$shell || exit 1; \
	done
	@python3 docs/man.py bin/workbench > dist/$(DIST)/share/man/man1/workbench.1
	@# One run with each driver: what is shipped has worked.
	cd dist/$(DIST) && bin/workbench sim -w broadcast --node-count 3 --time-limit 5 --seeds 1
	cd dist/$(DIST) && bin/workbench test -w echo --bin bin/maelstrom-echo --node-count 1 --time-limit 1 --store ../store >/dev/null
	@rm -rf dist/store
	tar -C dist -czf dist/$(DIST).tar.gz $(DIST)
	cd dist && { sha256sum $(DIST).tar.gz || shasum -a 256 $(DIST).tar.gz; } > SHA256SUMS
	@ls -l dist/$(DIST)/bin/workbench dist/$(DIST)/bin/glomer dist/$(DIST).tar.gz

deps: # Libraries and tools that the build needs; installed where Debian's apt is there to do it
	@# libnats is for nodes on other hosts; where apt has none, the workbench does without.
	@if ! pkg-config --exists libuv jansson 2>/dev/null || \
	  { command -v apt-get >/dev/null && ! pkg-config --exists libnats && apt-cache show libnats-dev >/dev/null 2>&1; }; then \
	  if command -v apt-get >/dev/null; then \
	    root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	    echo "installing libuv1-dev, libjansson-dev, libnats-dev and pkg-config"; \
	    $$root apt-get update -qq && $$root apt-get install -y -qq pkg-config libuv1-dev libjansson-dev >/dev/null && \
	      { $$root apt-get install -y -qq libnats-dev >/dev/null || echo "no libnats-dev: without NATS"; }; \
	  else \
	    echo "please install libuv, jansson and pkg-config (macOS: brew install libuv jansson pkg-config)" >&2; \
	    exit 1; \
	  fi; \
	fi
	@command -v $(SWIFT) >/dev/null || { echo "please install Swift 6.2 or later: https://www.swift.org/install" >&2; exit 1; }

test: ## Run the tests
test: deps
	$(SWIFT) test --disable-xctest

.PHONY: test-browser
test-browser: ## Use reports and pages in a real browser (needs chromium and chromedriver); screenshots go to .build-browser/ (SHORT=1: the essential parts)
test-browser: build
	python3 Tests/Browser/report.py $(if $(SHORT),--short) bin/workbench .build-browser/report
	$(if $(SHORT),,python3 Tests/Browser/serve.py bin/workbench bin/maelstrom-broadcast .build-browser/serve)
	python3 Tests/Browser/play.py $(if $(SHORT),--short) bin/workbench .build-browser/play

examples: ## Build every example, and hold each to what it promises
examples: build
	Examples/run

guide: ## Whether the documents show what is so: quoted code, and what commands print (RECORD=1 writes it anew)
guide: build
	python3 docs/guide.py $(if $(RECORD),--record)

.PHONY: licences workflows
licences: ## Whether every library has a licence that is known, stands in NOTICE, and is not older than there
licences: deps
	$(SWIFT) package resolve --scratch-path $(RELEASE_BUILD)
	python3 .ci/licences.py --selftest
	python3 .ci/licences.py

workflows: ## Checks of the workflows, the action and the scripts (needs Python's venv, PyPI and shellcheck)
workflows:
	.ci/workflows

docs: ## The guide, the references and the API as a static site, by DocC: .build-docs
docs: deps
	$(SWIFT) build --target GlomersTesting
	$(SWIFT) build --target GlomersRuntime
	python3 docs/site.py --build .build/debug --output .build-docs

coverage: ## Which lines of nodes and checkers the tests reach: a table, the lines that none reaches, and a floor
coverage: deps
	$(SWIFT) test --disable-xctest --enable-code-coverage --scratch-path .build-coverage
	python3 .ci/coverage.py .build-coverage

lint: ## Check the formatting, and that documents quote what is there
	$(SWIFT) format lint --strict --recursive --parallel $(SWIFT_SOURCES)
	@python3 docs/guide.py --quotes

format: ## Format the sources in place
	$(SWIFT) format --in-place --recursive --parallel $(SWIFT_SOURCES)

NATS_PORT ?= 4222
.PHONY: nats
nats: ## A NATS server on this machine alone, until it is interrupted (NATS_PORT=4222): for workbench agent
	@command -v nats-server >/dev/null || { \
	  root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
	  command -v apt-get >/dev/null || { echo "please install nats-server" >&2; exit 1; }; \
	  echo "installing nats-server"; $$root apt-get update -qq && $$root apt-get install -y -qq nats-server >/dev/null; }
	@directory=$$(mktemp -d) && trap 'rm -rf "$$directory"' EXIT && trap 'exit 130' INT TERM HUP && \
	  nats-server --addr 127.0.0.1 --port $(NATS_PORT) --jetstream --store_dir "$$directory"

.PHONY: hosts
hosts: ## Agents, sweeps and faults past one machine, with real servers (RUNS=1, HOST_SEEDS=2000)
hosts: build
	python3 Tests/Hosts/run.py --runs $(or $(RUNS),1) --seeds $(or $(HOST_SEEDS),2000)

clean: ## Remove what was built
	rm -rf .build $(RELEASE_BUILD) .build-browser .build-coverage .build-docs .build-examples .build-languages .build-workflows bin dist

# --- Runs: Gossip Glomers, with each challenge's own options ------------------------------------------------------
# Sources/Workbench/RunTable.swift says the same, and a test compares the two.

# Our nodes are held to more than the contracts, which Maelstrom does not know.
RUN = $(if $(MAELSTROM),$(MAELSTROM) test,bin/workbench test --also all)

CHALLENGES := echo unique-ids broadcast-3a broadcast-3b broadcast-3c broadcast-3d broadcast-3e g-counter \
  kafka-5a kafka-5b kafka-5c txn-6a txn-6b txn-6b-partition txn-6c
.PHONY: challenges broadcast kafka txn g-set pn-counter lin-kv txn-list-append $(CHALLENGES)

challenges: ## All challenges in turn, with a table at the end
ifdef MAELSTROM
challenges: $(CHALLENGES)
else
challenges: build
	bin/workbench challenges
endif

echo: ## Challenge 1: echo
echo: build
	$(RUN) -w echo --bin bin/maelstrom-echo --node-count 1 --time-limit 10

unique-ids: ## Challenge 2: unique ids, under partitions
unique-ids: build
	$(RUN) -w unique-ids --bin bin/maelstrom-unique-ids --time-limit 30 --rate 1000 --node-count 3 \
	  --availability total --nemesis partition

BROADCAST = $(RUN) -w broadcast --bin bin/maelstrom-broadcast --time-limit 20

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

COUNTED = --node-count 3 --rate 100 --time-limit 20 --nemesis partition

g-counter: ## Challenge 4: a counter that grows, under partitions
g-counter: build
	$(RUN) -w g-counter --bin bin/maelstrom-g-counter $(COUNTED)

g-set: ## A set that grows, under partitions
g-set: build
	$(RUN) -w g-set --bin bin/maelstrom-g-set $(COUNTED)

pn-counter: ## A counter that goes up and down, under partitions
pn-counter: build
	$(RUN) -w pn-counter --bin bin/maelstrom-pn-counter $(COUNTED)

KAFKA = $(RUN) -w kafka --bin bin/maelstrom-kafka --concurrency 2n --time-limit 20 --rate 1000

kafka-5a: ## Challenge 5a: replicated logs on one node
kafka-5a: build
	$(KAFKA) --node-count 1

kafka-5b: ## Challenge 5b: on two nodes
kafka-5b: build
	$(KAFKA) --node-count 2

kafka-5c: ## Challenge 5c: efficient
kafka-5c: build
	$(KAFKA) --node-count 2

kafka: ## Challenges 5a to 5c in turn
kafka: kafka-5a kafka-5b kafka-5c

TXN = $(RUN) -w txn-rw-register --bin bin/maelstrom-txn-rw-register --time-limit 20 --rate 1000 --concurrency 2n \
	  --availability total

txn-6a: ## Challenge 6a: transactions on one node
txn-6a: build
	$(TXN) --node-count 1 --consistency-models read-uncommitted

txn-6b: ## Challenge 6b: read uncommitted on two nodes
txn-6b: build
	$(TXN) --node-count 2 --consistency-models read-uncommitted

txn-6b-partition: ## Challenge 6b again, under partitions
txn-6b-partition: build
	$(TXN) --node-count 2 --consistency-models read-uncommitted --nemesis partition

txn-6c: ## Challenge 6c: read committed, under partitions
txn-6c: build
	$(TXN) --node-count 2 --consistency-models read-committed --nemesis partition

txn: ## Challenges 6a to 6c in turn
txn: txn-6a txn-6b txn-6b-partition txn-6c

lin-kv: ## A linearizable key-value store, replicated by Raft
lin-kv: build
	$(RUN) -w lin-kv --bin bin/maelstrom-lin-kv --node-count 5 --concurrency 4n --rate 100 --time-limit 20 --latency 10

txn-list-append: ## Strict-serializable transactions on lists, replicated by Raft
txn-list-append: build
	$(RUN) -w txn-list-append --bin bin/maelstrom-txn-list-append --node-count 5 --concurrency 2n --rate 100 --time-limit 20 \
	  --latency 10

.PHONY: consensus-faults
consensus-faults: ## lin-kv and txn-list-append as processes, under partitions, kills, pauses and changes of members (RUNS=10)
consensus-faults: build
	@for workload in lin-kv txn-list-append; do for seed in $$(seq 1 $(or $(RUNS),10)); do \
	  bin/workbench test -w $$workload --bin bin/maelstrom-$$workload --node-count 5 --concurrency 2n --rate 100 --time-limit 20 \
	    --latency 10 --nemesis partition,kill,pause,membership --nemesis-interval 5 --seed $$seed || exit 1; \
	done; done

# --- The simulator: every node under a swarm of faults, by seed --------------------------------------------------------

SEEDS ?= 1..200
FAULTS := partition,one-way,kill,pause,loss,duplicate,reorder,slow,disk,skew
SIM = bin/workbench sim --also all --rate 50 --time-limit 20 --seeds $(SEEDS) --swarm --nemesis $(FAULTS) --node-count
# Where nodes are removed, some requests end in error 40; no node of it has to answer them.
SIM_MEMBERS = $(subst $(FAULTS),$(FAULTS)$(COMMA)membership,$(SIM))
COMMA := ,

.PHONY: sim parity
sim: ## Sweep every node through many seeds in virtual time (SEEDS=1..200)
sim: build
	$(SIM) 3 -w unique-ids
	$(SIM) 3 -w broadcast
	@# Large clusters say less of what they hold.
	$(SIM) 40 -w broadcast
	$(SIM) 3 -w g-set
	$(SIM) 3 -w g-counter
	$(SIM) 3 -w pn-counter
	$(SIM) 3 -w kafka
	$(SIM) 3 -w txn-rw-register --consistency-models read-committed
	@# Those who know members have them changed as well.
	$(SIM_MEMBERS) 3 -w lin-kv --concurrency 2n
	$(SIM_MEMBERS) 5 -w lin-kv --concurrency 2n
	$(SIM_MEMBERS) 3 -w txn-list-append
	$(SIM_MEMBERS) 5 -w txn-list-append
	$(SIM) 3 -w txn-list-append -- --store lin-kv
	$(SIM_MEMBERS) 3 -w txn-rw-register -- --isolation strict-serializable

.PHONY: sim-languages
sim-languages: ## A small node in each language that is installed, unmodified, in virtual time, three times (REPEATS=100, OPTIONS="--delays", ONLY="Go Java")
sim-languages: build
	Tests/Languages/run.sh bin/workbench .build-languages $(OPTIONS)

parity: ## Whether the simulator tells the truth: every run in virtual time and as processes, compared
parity: build
	bin/workbench parity

.PHONY: mutants
mutants: ## Whether the checkers bite: nodes with one mistake each, all to be caught (RECORD=1 writes bench/MUTANTS.md, SHRINK=1 shrinks each failure)
mutants: build
	bin/workbench mutants $(if $(SHRINK),--shrink) $(if $(RECORD),--markdown bench/MUTANTS.md)

# --- Speed: see bench/RESULTS.md ---------------------------------------------------------------------------------------
# A quiet machine gives better figures. RECORD=1 puts the tables into bench/RESULTS.md and bench/results.

BENCH := .build-bench
# Other echo nodes for the table of pipes: make bench PEER="python3 echo.py"
PEER ?=
# The node that is compared, profiled and counted.
GLOMER ?= bin/glomer
NODE ?= echo
RECORD ?=
BENCH_BUILD = $(SWIFT) build $(RELEASE) --package-path bench --scratch-path $(BENCH)/swift --product
BENCH_PIPES := $(BENCH)/pipe/driver $(BENCH)/pipe/copy $(BENCH)/pipe/mallocs.so
BENCH_C := -std=c11 -O2 -Wall -Wextra -Werror
RECORDING = $(if $(RECORD),--record)

.PHONY: bench bench-growth bench-compare bench-json bench-workbench bench-recording bench-report bench-consensus bench-checkers busy perf instructions mallocs broadcast-frontier
bench: ## Pipes, workloads, growth and microbenchmarks, as tables and as JSON; then against the last release (RECORD=1, PEER="command")
bench: nodes $(BENCH_PIPES)
	python3 bench/selftest.py $(BENCH)/pipe/driver
	for product in BenchmarkTool Codec Jansson; do $(BENCH_BUILD) $$product || exit 1; done
	python3 bench/run.py --build $(BENCH) --products $(BENCH)/swift/release --glomer $(GLOMER) $(RECORDING) \
	  $(if $(PEER),--peer "$(PEER)")
	@# A copy without history has no release to compare with.
	@if [ -n "$(BASE_BIN)" ] || git rev-parse --verify --quiet "$(BASE)^{commit}" >/dev/null 2>&1; then $(MAKE) bench-compare; \
	else echo "not compared with the last release: there is no commit '$(BASE)' here"; fi

bench-growth: ## Cost and memory of up to ten million values and log entries
bench-growth: nodes $(BENCH_PIPES)
	python3 bench/run.py --build $(BENCH) --glomer $(GLOMER) --only growth --growth 10000000 $(RECORDING) \
	  --command "make bench-growth"

# Before the first release: the commit against which its goals of speed were set.
BASE ?= $(or $(shell git describe --tags --abbrev=0 2>/dev/null),346c153)
# What is there of another commit is not built again: a folder as bin/ is.
BASE_BIN ?=

bench-compare: ## Another commit against the work tree, in the same rounds (BASE=<commit>, by default the last release; BASE_BIN=<its bin>, RECORD=1)
bench-compare: nodes $(BENCH_PIPES) $(if $(BASE_BIN),,$(BENCH)/base-bin/glomer)
	python3 bench/compare.py --build $(BENCH) --base $(or $(BASE_BIN),$(BENCH)/base-bin)/glomer --name "$(BASE)" --glomer $(GLOMER) $(RECORDING)

.PHONY: $(BENCH)/base-bin/glomer
$(BENCH)/base-bin/glomer:
	@git rev-parse --verify --quiet "$(BASE)^{commit}" >/dev/null || { echo "there is no commit '$(BASE)'" >&2; exit 2; }
	@mkdir -p $(@D)
	@# Only if it is not the one that was built last.
	@commit=$$(git rev-parse "$(BASE)^{commit}") && { [ -f $@ ] && [ "$$(cat $(@D)/COMMIT 2>/dev/null)" = $$commit ]; } || { \
	  rm -rf $(BENCH)/base $@ && mkdir -p $(BENCH)/base && git archive "$(BASE)" | tar -x -C $(BENCH)/base && \
	  $(SWIFT) build $(RELEASE) --package-path $(BENCH)/base --scratch-path $(BENCH)/base-build --product glomer && \
	  { SWIFTC=$(SWIFT)c CSupport/link-static.sh $(BENCH)/base-build/release $@ || cp -f $(BENCH)/base-build/release/glomer $@; } && \
	  echo $$commit > $(@D)/COMMIT; }

CONTEST := $(BENCH)/contest
# Our C as the nodes have it, by the compiler that comes with Swift; the others as fast as they get.
CONTEST_C = $(or $(shell command -v clang),cc) $(BENCH_C) -ICSupport/CGlomers/include
CONTEST_CXX = $(or $(shell command -v clang++),c++) -std=c++17 -O3 -march=native -Wall -Wextra -Werror
CONTEST_GLOMERS = $(addprefix CSupport/CGlomers/,tape.c template.c header.c scan.c) -lm

bench-json: ## Reading and writing lines, beside Debian's yyjson and simdjson (RECORD=1)
bench-json: deps
	@mkdir -p $(CONTEST)
	$(CONTEST_C) -c -o $(CONTEST)/contest.o bench/contest/contest.c
	$(CONTEST_C) -o $(CONTEST)/glomers $(CONTEST)/contest.o bench/contest/with_glomers.c $(CONTEST_GLOMERS)
	$(CONTEST_C) -DGLOMERS_WITHOUT_TEMPLATES -o $(CONTEST)/general $(CONTEST)/contest.o bench/contest/with_glomers.c $(CONTEST_GLOMERS)
	@# The others where they are, or where apt has them.
	@rm -f $(CONTEST)/yyjson $(CONTEST)/simdjson
	@for library in yyjson simdjson; do \
	  pkg-config --exists $$library || { apt-cache show lib$$library-dev >/dev/null 2>&1 && \
	    $$([ "$$(id -u)" = 0 ] || echo sudo) apt-get install -y -qq lib$$library-dev >/dev/null; } || \
	    echo "no lib$$library-dev: the table will be without it"; \
	done
	if pkg-config --exists yyjson; then \
	  $(CONTEST_C) -o $(CONTEST)/yyjson $(CONTEST)/contest.o bench/contest/with_yyjson.c $$(pkg-config --cflags --libs yyjson); fi
	if pkg-config --exists simdjson; then \
	  $(CONTEST_CXX) -o $(CONTEST)/simdjson $(CONTEST)/contest.o bench/contest/with_simdjson.cpp $$(pkg-config --cflags --libs simdjson); fi
	$(BENCH_BUILD) Contestant
	python3 bench/json_contest.py --build $(CONTEST) --swift $(BENCH)/swift/release/Contestant $(RECORDING)

bench-workbench: ## What the test bench costs itself, with processes and in the simulator (RECORD=1; BASE_BIN=<bin of another commit>: against that, ROUNDS=5)
bench-workbench: build
	python3 bench/workbench.py --bin bin $(if $(BASE_BIN),--base $(BASE_BIN) --name "$(BASE)" --rounds $(or $(ROUNDS),5)) $(RECORDING)

bench-recording: ## What the record of messages costs the test bench, in messages a second (ROUNDS=5)
bench-recording: build
	python3 bench/workbench.py --bin bin --recording $(or $(ROUNDS),5)

bench-report: ## How large, quick and smooth reports are, in a real browser (needs chromium and chromedriver)
bench-report: build
	python3 Tests/Browser/figures.py bin/workbench .build-browser/figures

bench-consensus: ## lin-kv on Raft: messages, latency, throughput, memory, catching up (DEMOS=maelstrom/demo beside its demos, RUNS=5)
bench-consensus: build
	python3 bench/consensus.py --bin bin --runs $(or $(RUNS),5) $(if $(DEMOS),--demos $(DEMOS))

busy: ## 3d and 3e as real processes beside busy loops: how often they break their limits (LOOPS=3, RUNS=20)
busy: build
	python3 bench/busy.py --bin bin --loops $(or $(LOOPS),3) --runs $(or $(RUNS),20)

bench-checkers: ## What a verdict costs, by the length of the history: transactions and registers (RECORD=1; BASE_BIN=<bin of another commit>: beside that)
bench-checkers: build
	python3 bench/checkers.py --bin bin $(if $(BASE_BIN),--base $(BASE_BIN) --name "$(BASE)") $(RECORDING)

perf: ## A profile of a saturated node, as text and as a flame graph (NODE=echo)
perf: nodes $(BENCH_PIPES)
	python3 bench/profile_node.py --build $(BENCH) --glomer $(GLOMER) --node $(NODE)

instructions: ## Instructions a request under callgrind, held against bench/budgets.json
instructions: nodes $(BENCH_PIPES)
	python3 bench/budgets.py instructions --build $(BENCH) --glomer $(GLOMER) $(RECORDING)

mallocs: ## Allocations a request, held against bench/budgets.json
mallocs: nodes $(BENCH_PIPES)
	@# They are counted by a library that is loaded first, and a static executable loads none.
	python3 bench/budgets.py mallocs --build $(BENCH) --glomer $(RELEASE_BUILD)/release/glomer $(RECORDING)

broadcast-frontier: ## Messages against latency in the simulator: a table, and bench/frontier.svg
broadcast-frontier: deps
	$(BENCH_BUILD) Frontier
	python3 bench/frontier.py --program $(BENCH)/swift/release/Frontier $(RECORDING)

$(BENCH)/pipe/driver: $(addprefix bench/pipe/,driver.c node.c text.c traffic.c kafka.c driver.h)
	@mkdir -p $(@D)
	cc $(BENCH_C) -o $@ $(filter %.c,$^)

$(BENCH)/pipe/copy: bench/pipe/copy.c
	@mkdir -p $(@D)
	cc $(BENCH_C) -o $@ $<

$(BENCH)/pipe/mallocs.so: bench/pipe/mallocs.c
	@mkdir -p $(@D)
	cc $(BENCH_C) -shared -fPIC -o $@ $<
