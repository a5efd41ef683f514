#!/usr/bin/env bash
# Runs a small broadcast node in each language that is there under `workbench sim --bin`, each seed twice, and prints the
# digest and how long it took. Usage: run.sh WORKBENCH BUILD_FOLDER [OPTION...]
set -u
workbench=$1 build=$2; shift 2
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$build"; build=$(cd "$build" && pwd)
options=(-w broadcast --node-count 5 --rate 100 --time-limit 20 --latency 100 --seeds 1 --check-seed "$@")
status=0

# NAME PROGRAM: runs it, and says what came of it.
try() {
  local start end output
  start=$(date +%s.%N)
  output=$("$workbench" sim --bin "$2" "${options[@]}" 2>&1) || status=1
  end=$(date +%s.%N)
  printf '%-16s %s, %s; %.2f s a run\n' "$1" "$(grep -o 'seed 1: .*' <<<"$output" | head -1)" \
    "$(grep -o 'reproducible: .*' <<<"$output" || tail -1 <<<"$output")" "$(echo "($end - $start) / 2" | bc -l)"
}
# A script that starts a program: what `exec` a wrapper does is part of the test.
wrap() { printf '#!/bin/sh\nexec %s "$@"\n' "$2" > "$build/$1" && chmod +x "$build/$1"; }
has() { command -v "$1" >/dev/null || { printf '%-16s not there: install %s\n' "$2" "$1"; return 1; }; }

has node Node.js && try Node.js "$here/node.js"
has ruby Ruby && try Ruby "$here/node.rb"
has python3 "Python asyncio" && try "Python asyncio" "$here/node_asyncio.py" && try "Python threads" "$here/node_threads.py"
has go Go && (cd "$here" && GO111MODULE=off GOCACHE="$build/go" go build -o "$build/go-node" node.go) && try Go "$build/go-node"
has rustc Rust && rustc -O -o "$build/rust-node" "$here/node.rs" && try Rust "$build/rust-node"
has javac Java && javac -d "$build" "$here/Node.java" && wrap java-node "$(command -v java) -cp $build Node" &&
  try Java "$build/java-node"
has escript Erlang && try Erlang "$here/node.erl"
exit $status
