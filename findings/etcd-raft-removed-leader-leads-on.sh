#!/usr/bin/env bash
# go.etcd.io/etcd/raft 3.4.23 (Debian 12), three members with CheckQuorum and PreVote: the leader proposes its own removal, which all apply. Guessed: it steps down, or
# the others elect one of themselves soon. Seen: after a hundred election timeouts it still leads and the other two follow it, each with a
# configuration in which it isn't; all that is proposed is lost, with an error at the removed leader and with none at a follower, whose
# proposals go to the leader. Its heartbeats keep off every election. Once it is silent, another leads and takes proposals.
# (etcd itself transfers the leadership first; hashicorp/raft goes the other way: hashicorp-raft-demoted-leader-shuts-down.sh.)
# Bears on us: a leader that has committed a configuration without itself hands over and follows (Sources/Raft/RaftMembership.swift).
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

type member struct {
	*raft.RawNode
	storage *raft.MemoryStorage
	applied []string
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

var members = map[uint64]*member{}

// Delivers and applies all there is, in order; nothing is lost, but what comes from or goes to the silent one.
func settle(silent uint64) {
	for busy := true; busy; {
		busy = false
		for id := uint64(1); id <= 3; id++ {
			one := members[id]
			for one.HasReady() {
				busy = true
				ready := one.Ready()
				if !raft.IsEmptyHardState(ready.HardState) {
					check(one.storage.SetHardState(ready.HardState))
				}
				check(one.storage.Append(ready.Entries))
				for _, message := range ready.Messages {
					if message.To != silent && message.From != silent {
						members[message.To].Step(message)
					}
				}
				for _, entry := range ready.CommittedEntries {
					if entry.Type == pb.EntryConfChange {
						var change pb.ConfChange
						check(change.Unmarshal(entry.Data))
						one.ApplyConfChange(change)
					} else if len(entry.Data) > 0 {
						one.applied = append(one.applied, string(entry.Data))
					}
				}
				one.Advance(ready)
			}
		}
	}
}

func pass(ticks int, silent uint64) {
	for ; ticks > 0; ticks-- {
		for _, id := range []uint64{1, 2, 3} {
			members[id].Tick()
			settle(silent)
		}
	}
}

func main() {
	voters := pb.ConfState{Voters: []uint64{1, 2, 3}}
	for id := uint64(1); id <= 3; id++ {
		storage := raft.NewMemoryStorage()
		check(storage.ApplySnapshot(pb.Snapshot{Metadata: pb.SnapshotMetadata{ConfState: voters, Index: 1, Term: 1}}))
		node, err := raft.NewRawNode(&raft.Config{ID: id, ElectionTick: 10, HeartbeatTick: 1, Storage: storage, MaxSizePerMsg: 1 << 20, MaxInflightMsgs: 16,
			CheckQuorum: true, PreVote: true, Logger: &raft.DefaultLogger{Logger: log.New(io.Discard, "", 0)}})
		check(err)
		members[id] = &member{RawNode: node, storage: storage}
	}
	check(members[1].Campaign())
	settle(0)
	check(members[2].Propose([]byte("before")))
	settle(0)
	check(members[1].ProposeConfChange(pb.ConfChange{Type: pb.ConfChangeRemoveNode, NodeID: 1}))
	pass(1000, 0)
	atFollower, atLeader := members[2].Propose([]byte("after")), members[1].Propose([]byte("after"))
	settle(0)
	state, follower := members[1].Status(), members[2].Status()
	fmt.Println("the removed:", state.RaftState, "of members", state.Config.Voters, "- 2 follows", follower.Lead, "- errors:", atFollower, "and", atLeader, "- applied:", members[2].applied)
	if state.RaftState != raft.StateLeader || follower.Lead != 1 || follower.Config.Voters.String() != "(2 3)" ||
		atFollower != nil || atLeader != raft.ErrProposalDropped || len(members[2].applied) != 1 {
		os.Exit(1)
	}
	pass(100, 1)
	lead := members[2].Status().Lead
	err := members[2].Propose([]byte("after"))
	settle(1)
	fmt.Println("once it is silent 2 follows", lead, "- error:", err, "- applied:", members[2].applied)
	if lead < 2 || err != nil || len(members[2].applied) != 2 {
		os.Exit(1)
	}
}
GO
GO111MODULE=off GOPATH=$dir:$dir/usr/share/gocode GOROOT=$dir/usr/lib/go-1.19 GOCACHE=$dir/cache GOFLAGS=-p=1 usr/lib/go-1.19/bin/go run finding
