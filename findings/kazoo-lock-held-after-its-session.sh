#!/usr/bin/env bash
# ZooKeeper 3.8.0 (Debian 12) with kazoo 2.11.0 (PyPI): a client holds a Lock, its session ends without its doing (as when it was cut off for longer than the session's
# timeout), kazoo connects again by itself, and meanwhile another client has acquired the lock. Guessed: the first lock's is_acquired is
# False, or the client's state tells. Seen: both locks say is_acquired, and both clients are CONNECTED, for good; release() of the first
# succeeds as well. Only a listener that saw the state LOST go by knows. Code that asks the lock itself before it writes lets two write.
# Bears on us: no node of ours acts on having been the leader: a majority confirms it for each batch of reads (docs/PROTOCOLS.md).
set -euo pipefail
dir=$(mktemp -d); trap 'kill "${server:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq libzookeeper-java=3.8.0-11+deb12u2 libnetty-java=1:4.1.48-7+deb12u2 libslf4j-java=1.7.32-1 libsnappy-java=1.1.8.3-1 \
  libdropwizard-metrics-java=3.2.6-1 libcommons-cli-java=1.5.0-1 libcommons-io-java=2.11.0-2 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
command -v java >/dev/null || { echo "needs java (Debian: default-jre-headless)" >&2; exit 2; }
python3 -m venv v && v/bin/pip install -q --disable-pip-version-check kazoo==2.11.0
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
printf '%s\n' tickTime=200 "dataDir=$dir/data" "clientPort=$port" clientPortAddress=127.0.0.1 admin.enableServer=false > zoo.cfg
class_path=$(find usr/share/java -name '*.jar' ! -name 'slf4j-*' ! -name '*-over-slf4j*' | tr '\n' ':'):usr/share/java/slf4j-api.jar:usr/share/java/slf4j-nop.jar
java -Xmx128m -cp "$class_path" org.apache.zookeeper.server.quorum.QuorumPeerMain zoo.cfg >log 2>&1 &
server=$!
timeout 120 v/bin/python - "$port" <<'PY'
import logging, sys, time
from kazoo.client import KazooClient, KazooState

logging.disable(logging.CRITICAL)

def client(session=None):
    made = KazooClient(hosts=f"127.0.0.1:{sys.argv[1]}", timeout=4, client_id=session)
    made.start(timeout=60)
    return made

states = []
one, two = client(), client()
one.add_listener(states.append)
first, second = one.Lock("/lock", "one"), two.Lock("/lock", "two")
assert first.acquire(timeout=10)
old = one.client_id
client(old).stop()  # ends the session from outside
assert second.acquire(timeout=20)
deadline = time.monotonic() + 20
while not (KazooState.LOST in states and one.state == KazooState.CONNECTED and one.client_id[0] != old[0]) and time.monotonic() < deadline:
    time.sleep(0.1)
time.sleep(1)
seen = first.is_acquired, second.is_acquired, one.state, two.state
released = first.release()
print("locks held:", seen[:2], "- clients:", seen[2:], "- states that a listener saw:", states, "- the first released:", released)
assert seen == (True, True, "CONNECTED", "CONNECTED") and "LOST" in states and released
assert two.exists("/lock/" + second.node)
PY
