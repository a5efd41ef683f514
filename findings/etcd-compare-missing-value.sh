#!/usr/bin/env bash
# etcd 3.4.23 (Debian 12): a transaction that compares the value of a key that isn't there. Guessed: it counts as empty, so that = "" and != "x" hold.
# Seen: none of = "", < "x", > "x" and != "x" holds. The version of a missing key, though, equals 0.
# "Write unless it is x" as != therefore never writes the first value: compare the version as well.
# Bears on us: our services answer a cas on a missing key with error 20 (key-does-not-exist), and never with 22.
set -euo pipefail
dir=$(mktemp -d); trap 'kill "${server:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq etcd-server=3.4.23-4+b4 etcd-client=3.4.23-4+b4 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
free() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
client=http://127.0.0.1:$(free); peer=http://127.0.0.1:$(free)
usr/bin/etcd --data-dir data --listen-client-urls "$client" --advertise-client-urls "$client" --listen-peer-urls "$peer" \
  --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer" >log 2>&1 &
server=$!
export ETCDCTL_API=3
etcdctl() { usr/bin/etcdctl --endpoints "$client" "$@" 2>/dev/null; }
for _ in $(seq 100); do etcdctl endpoint health >/dev/null && break; sleep 0.1; done
holds() { printf '%s\n\n\n\n' "$1" | etcdctl txn -i=true | grep -E '^(SUCCESS|FAILURE)$'; }
for comparison in 'value("none") = ""' 'value("none") < "x"' 'value("none") > "x"' 'value("none") != "x"'; do
  seen=$(holds "$comparison"); echo "$comparison: $seen"; [ "$seen" = FAILURE ]
done
seen=$(holds 'version("none") = "0"'); echo "version(\"none\") = \"0\": $seen"; [ "$seen" = SUCCESS ]
