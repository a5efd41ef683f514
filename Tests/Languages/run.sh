#!/usr/bin/env bash
# Runs a small broadcast node in each language that is there under `workbench sim --bin`, and prints digests and how long
# a run took, its start included. Usage: [REPEATS=N] run.sh WORKBENCH BUILD_FOLDER [OPTION...]
# Each seed runs twice; with REPEATS so many times, in turn on each processor, and all digests have to be the same.
set -u
workbench=$1 build=$2; shift 2
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$build"; build=$(cd "$build" && pwd)
options=(-w broadcast --node-count 5 --rate 100 --time-limit 20 --latency 100 --seeds 1 "$@")
crates=/usr/share/cargo/registry
status=0

# NAME PROGRAM: runs it, and says what came of it.
try() {
  local repeats=${REPEATS:-0} begin times=() results output
  results=$(mktemp)
  for ((run = 0; run < (repeats > 0 ? repeats : 3); run++)); do
    begin=${EPOCHREALTIME/./}
    output=$(taskset -c $((run % $(nproc))) "$workbench" sim --bin "$2" "${options[@]}" 2>&1) || status=1
    times+=($(((${EPOCHREALTIME/./} - begin) / 1000)))
    grep -o 'seed 1: [a-z]*, digest [0-9a-f]*' <<<"$output" >> "$results" || tail -1 <<<"$output" >> "$results"
    grep 'reproducible: no' <<<"$output" >> "$results"
  done
  times=($(printf '%s\n' "${times[@]}" | sort -n))
  [ "$(sort -u "$results" | wc -l)" = 1 ] || status=1
  printf '%-16s %d.%02d s a run (median of %d, longest %d.%02d)\n' "$1" \
    $((times[${#times[@]} / 2] / 1000)) $((times[${#times[@]} / 2] % 1000 / 10)) ${#times[@]} \
    $((times[-1] / 1000)) $((times[-1] % 1000 / 10))
  sort "$results" | uniq -c | sed 's/^/  /'
  rm -f "$results"
}
# A script that starts a program: what `exec` a wrapper does is part of the test.
wrap() { printf '#!/bin/sh\nexec %s "$@"\n' "$2" > "$build/$1" && chmod +x "$build/$1"; }
has() {
  [ -z "${ONLY:-}" ] || [[ " $ONLY " == *" $2 "* ]] || return 1
  command -v "$1" >/dev/null || { printf '%-16s not there: install %s\n' "$2" "$1"; return 1; }
}

swift=$(dirname "$workbench")/maelstrom-broadcast
has "$swift" Swift && try Swift "$swift"
has rustc Rust && rustc -O -o "$build/rust-node" "$here/node.rs" && try Rust "$build/rust-node"
# Crates as Debian has them: librust-tokio-dev.
has cargo tokio && { ls -d "$crates"/tokio-* >/dev/null 2>&1 || { echo "tokio            not there: install librust-tokio-dev"; false; }; } &&
  cargo build --quiet --release --offline --manifest-path "$here/tokio/Cargo.toml" --target-dir "$build/tokio" \
    --config 'source.crates-io.replace-with="debian"' --config "source.debian.directory=\"$crates\"" &&
  try tokio "$build/tokio/release/tokio-node"
has go Go && (cd "$here" && GO111MODULE=off GOCACHE="$build/go" go build -o "$build/go-node" node.go) && try Go "$build/go-node"
has node Node.js && try Node.js "$here/node.js"
has python3 asyncio && try asyncio "$here/node_asyncio.py"
has python3 threads && try threads "$here/node_threads.py"
has ruby Ruby && try Ruby "$here/node.rb"
has javac Java && javac -d "$build" "$here/Node.java" && wrap java-node "$(command -v java) -cp $build Node" &&
  try Java "$build/java-node"
has escript Erlang && try Erlang "$here/node.erl"
exit $status
