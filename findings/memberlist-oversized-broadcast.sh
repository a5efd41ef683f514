#!/usr/bin/env bash
# hashicorp/memberlist 0.2.2 (Debian 12; SWIM): a broadcast that is longer than a packet is put into its TransmitLimitedQueue. Guessed: it is refused, or dropped after
# the last retransmission. Seen: no packet ever takes it, no error tells of it, and it stays in the queue for good, while shorter ones pass it by.
# Bears on us: messages between nodes are bounded in bytes by whoever makes them, and what is longer is cut into pieces.
set -euo pipefail
dir=$(mktemp -d); trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq golang-1.19-go=1.19.8-2 golang-1.19-src=1.19.8-2 golang-github-hashicorp-memberlist-dev=0.2.2-2 \
  golang-github-hashicorp-go-multierror-dev=1.1.1-2 \
  golang-github-hashicorp-errwrap-dev=1.1.0-1 golang-github-hashicorp-go-sockaddr-dev=1.0.2-2 \
  golang-github-hashicorp-go-msgpack-dev=0.5.5-1 golang-github-miekg-dns-dev=1.1.50-2 \
  golang-github-sean--seed-dev=0.0~git20170313.e2103e2-3 golang-github-armon-go-metrics-dev=0.3.4-1 \
  golang-github-google-btree-dev=1.0.0-1 golang-github-hashicorp-go-immutable-radix-dev=1.3.1-3 \
  golang-github-hashicorp-golang-lru-dev=0.5.4-2 golang-golang-x-net-dev=1:0.7.0+dfsg-1 golang-golang-x-sys-dev=0.3.0-1 \
  golang-golang-x-crypto-dev=1:0.4.0-1 golang-golang-x-text-dev=0.7.0-1 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
mkdir -p src/finding
cat > src/finding/main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/hashicorp/memberlist"
)

type message struct{ bytes []byte }

func (m *message) Invalidates(memberlist.Broadcast) bool { return false }
func (m *message) Message() []byte                       { return m.bytes }
func (m *message) Finished()                             {}

func main() {
	queue := &memberlist.TransmitLimitedQueue{NumNodes: func() int { return 3 }, RetransmitMult: 3}
	queue.QueueBroadcast(&message{make([]byte, 1500)})
	queue.QueueBroadcast(&message{make([]byte, 100)})
	long, short := 0, 0
	for packet := 0; packet < 1000; packet++ {
		for _, part := range queue.GetBroadcasts(3, 1400) {
			if len(part) > 1400 {
				long++
			} else {
				short++
			}
		}
	}
	fmt.Println("in 1,000 packets: short sent", short, "times, long", long, "times; still queued:", queue.NumQueued())
	if long != 0 || short != 3 || queue.NumQueued() != 1 {
		os.Exit(1)
	}
}
GO
GO111MODULE=off GOPATH=$dir:$dir/usr/share/gocode GOROOT=$dir/usr/lib/go-1.19 GOCACHE=$dir/cache GOFLAGS=-p=1 usr/lib/go-1.19/bin/go run finding
