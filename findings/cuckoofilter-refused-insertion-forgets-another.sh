#!/usr/bin/env bash
# seiflotfy/cuckoofilter of 2020-12-22 (Debian 12; a set for anti-entropy or deduplication that, unlike Bloom's, can delete): keys are inserted until Insert returns
# false. Guessed: the filter is as it was, without the refused key. Seen: the refused key is in it, and one that was accepted before is not:
# the fingerprint that found no place any more is dropped, whosever it is. So Lookup is wrong in the direction that such filters never are.
# Bears on us: what a node holds is told by version vectors and exact sets; who adds a filter must leave it for good once an insertion is refused.
set -euo pipefail
dir=$(mktemp -d); trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq golang-1.19-go=1.19.8-2 golang-1.19-src=1.19.8-2 golang-github-seiflotfy-cuckoofilter-dev=0.0~git20201222.bc60055-2 \
  golang-github-dgryski-go-metro-dev=0.0~git20200812.85c65e2-2 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
mkdir -p src/finding
cat > src/finding/main.go <<'GO'
package main

import (
	"fmt"
	"os"

	cuckoo "github.com/seiflotfy/cuckoofilter"
)

func main() {
	filter := cuckoo.NewFilter(64)
	var accepted [][]byte
	key := []byte("key 0")
	for filter.Insert(key) {
		accepted = append(accepted, key)
		key = []byte(fmt.Sprintf("key %d", len(accepted)))
	}
	missing := 0
	for _, key := range accepted {
		if !filter.Lookup(key) {
			missing++
		}
	}
	fmt.Println("accepted:", len(accepted), "of 64 - of these missing after the first refusal:", missing, "- the refused key is found:", filter.Lookup(key))
	if missing != 1 || !filter.Lookup(key) {
		os.Exit(1)
	}
}
GO
GO111MODULE=off GOPATH=$dir:$dir/usr/share/gocode GOROOT=$dir/usr/lib/go-1.19 GOCACHE=$dir/cache GOFLAGS=-p=1 usr/lib/go-1.19/bin/go run finding
