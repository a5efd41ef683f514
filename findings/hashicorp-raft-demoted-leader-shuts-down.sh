#!/usr/bin/env bash
# hashicorp/raft 1.1.2 (Debian 12), three nodes, in its default configuration: the leader takes its own vote away (DemoteVoter), and stays a member without a vote.
# Guessed: it becomes a follower and goes on getting the log. Seen: it shuts down, for ShutdownOnRemove counts losing the vote as being removed,
# while the new leader's configuration still lists it as a Nonvoter; what is committed from then on never gets there. With
# ShutdownOnRemove off it is a follower, and gets it. A follower that is demoted goes on in both cases.
# Bears on us: a leader of ours that is removed hands over and keeps running, and may be added again (Sources/Raft/RaftMembership.swift).
set -euo pipefail
dir=$(mktemp -d); trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq golang-1.19-go=1.19.8-2 golang-1.19-src=1.19.8-2 golang-github-hashicorp-raft-dev=1.1.2-1 golang-github-armon-go-metrics-dev=0.3.4-1 \
  golang-github-hashicorp-go-hclog-dev=0.11.0-1 golang-github-hashicorp-go-msgpack-dev=0.5.5-1 golang-github-hashicorp-go-immutable-radix-dev=1.3.1-3 \
  golang-github-hashicorp-golang-lru-dev=0.5.4-2 golang-github-fatih-color-dev=1.7.0-1 golang-github-mattn-go-isatty-dev=0.0.17-1 \
  golang-github-mattn-go-colorable-dev=0.1.13-1 golang-golang-x-sys-dev=0.3.0-1 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
mkdir -p src/finding
cat > src/finding/main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"
)

type machine struct{ applied int64 }

func (m *machine) Apply(*raft.Log) interface{}         { atomic.AddInt64(&m.applied, 1); return nil }
func (m *machine) Snapshot() (raft.FSMSnapshot, error) { return nil, fmt.Errorf("none") }
func (m *machine) Restore(io.ReadCloser) error         { return nil }

type node struct {
	*raft.Raft
	machine *machine
}

func leader(nodes map[raft.ServerID]node) raft.ServerID {
	for {
		for id, node := range nodes {
			if node.State() == raft.Leader {
				return id
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// What becomes of a node that is demoted: its state, its suffrage in the new leader's configuration, and whether it gets a later command.
func demoted(leads, shutdown bool) string {
	transports := map[raft.ServerID]*raft.InmemTransport{}
	members := raft.Configuration{}
	for _, id := range []raft.ServerID{"a", "b", "c"} {
		address, transport := raft.NewInmemTransport(raft.ServerAddress(id))
		transports[id] = transport
		members.Servers = append(members.Servers, raft.Server{ID: id, Address: address})
	}
	nodes := map[raft.ServerID]node{}
	for id, transport := range transports {
		for other, peer := range transports {
			if other != id {
				transport.Connect(peer.LocalAddr(), peer)
			}
		}
		config := raft.DefaultConfig()
		config.LocalID, config.Logger = id, hclog.New(&hclog.LoggerOptions{Output: io.Discard})
		if !shutdown {
			config.ShutdownOnRemove = false
		}
		log, snapshots, machine := raft.NewInmemStore(), raft.NewInmemSnapshotStore(), &machine{}
		check(raft.BootstrapCluster(config, log, log, snapshots, transport, members))
		made, err := raft.NewRaft(config, machine, log, log, snapshots, transport)
		check(err)
		nodes[id] = node{made, machine}
	}
	asked := leader(nodes)
	check(nodes[asked].Apply([]byte("before"), 10*time.Second).Error())
	id := asked
	for other := range nodes {
		if !leads && other != asked {
			id = other
		}
	}
	check(nodes[asked].DemoteVoter(id, 0, 10*time.Second).Error())
	time.Sleep(time.Second)
	next := nodes[leader(nodes)]
	check(next.Apply([]byte("after"), 10*time.Second).Error())
	time.Sleep(time.Second)
	configuration := next.GetConfiguration()
	check(configuration.Error())
	suffrage := "absent"
	for _, server := range configuration.Configuration().Servers {
		if server.ID == id {
			suffrage = server.Suffrage.String()
		}
	}
	return fmt.Sprint(nodes[id].State(), " ", suffrage, " ", atomic.LoadInt64(&nodes[id].machine.applied), " of 2")
}

func main() {
	usual, off, follower := demoted(true, true), demoted(true, false), demoted(false, true)
	fmt.Println("the leader:", usual, "- with ShutdownOnRemove off:", off, "- a follower:", follower)
	if usual != "Shutdown Nonvoter 1 of 2" || off != "Follower Nonvoter 2 of 2" || follower != off {
		os.Exit(1)
	}
}
GO
GO111MODULE=off GOPATH=$dir:$dir/usr/share/gocode GOROOT=$dir/usr/lib/go-1.19 GOCACHE=$dir/cache GOFLAGS=-p=1 timeout 500 usr/lib/go-1.19/bin/go run finding
