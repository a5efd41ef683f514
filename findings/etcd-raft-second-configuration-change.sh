#!/usr/bin/env bash
# go.etcd.io/etcd/raft 3.4.23 (Debian 12): a configuration change is proposed while another is not applied yet. Guessed: ProposeConfChange returns an error.
# Seen: it returns nil, and the log gets an empty normal entry in its place. Who proposed it learns of that only by never seeing it applied.
# Bears on us: a membership change that is refused must be answered with a definite error (docs and tests of the consensus core).
set -euo pipefail
dir=$(mktemp -d); trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq golang-1.19-go=1.19.8-2 golang-1.19-src=1.19.8-2 golang-etcd-server-dev=3.4.23-4 \
  golang-github-gogo-protobuf-dev=1.3.2-3 golang-goprotobuf-dev=1.3.5-4+b3 \
  golang-github-golang-protobuf-1-5-dev=1.5.2-3 golang-google-protobuf-dev=1.28.1-3 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
mkdir -p src/finding
cat > src/finding/main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"log"
	"os"

	"go.etcd.io/etcd/raft"
	pb "go.etcd.io/etcd/raft/raftpb"
)

func main() {
	storage := raft.NewMemoryStorage()
	storage.ApplySnapshot(pb.Snapshot{Metadata: pb.SnapshotMetadata{ConfState: pb.ConfState{Voters: []uint64{1}}, Index: 1, Term: 1}})
	node, err := raft.NewRawNode(&raft.Config{ID: 1, ElectionTick: 10, HeartbeatTick: 1, Storage: storage, MaxSizePerMsg: 1 << 20, MaxInflightMsgs: 16,
		Logger: &raft.DefaultLogger{Logger: log.New(io.Discard, "", 0)}})
	if err != nil {
		panic(err)
	}
	var entries []pb.Entry
	ready := func() {
		for node.HasReady() {
			r := node.Ready()
			storage.Append(r.Entries)
			entries = append(entries, r.Entries...)
			node.Advance(r)
		}
	}
	node.Campaign()
	ready()
	first := node.ProposeConfChange(pb.ConfChange{Type: pb.ConfChangeAddNode, NodeID: 2})
	second := node.ProposeConfChange(pb.ConfChange{Type: pb.ConfChangeAddNode, NodeID: 3})
	ready()
	a, b := entries[len(entries)-2], entries[len(entries)-1]
	fmt.Println("errors:", first, second, "- entries:", a.Type, len(a.Data), "bytes,", b.Type, len(b.Data), "bytes")
	if first != nil || second != nil || a.Type != pb.EntryConfChange || b.Type != pb.EntryNormal || len(b.Data) != 0 {
		os.Exit(1)
	}
}
GO
GO111MODULE=off GOPATH=$dir:$dir/usr/share/gocode GOROOT=$dir/usr/lib/go-1.19 GOCACHE=$dir/cache GOFLAGS=-p=1 usr/lib/go-1.19/bin/go run finding
