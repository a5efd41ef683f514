#!/usr/bin/env bash
# pysyncobj 0.3.17 (PyPI; Raft): a node with a journal counts to 1, is destroyed and starts again. Guessed: when waitReady() returns, it reads 1.
# Seen: waitReady() returns and the counter reads 0; a moment later, without any further command, it reads 1.
# Bears on us: a node of ours answers init only when its log has been read back (Host.recover comes before init), so that nobody reads the
# state before it.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check pysyncobj==0.3.17
timeout 60 "$dir/v/bin/python" - "$dir/journal" <<'PY'
import socket, sys, time
from pysyncobj import SyncObj, SyncObjConf
from pysyncobj.batteries import ReplCounter

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    address = "127.0.0.1:%d" % probe.getsockname()[1]

def start():
    counter = ReplCounter()
    node = SyncObj(address, [], conf=SyncObjConf(journalFile=sys.argv[1]), consumers=[counter])
    node.waitReady()
    return node, counter

node, counter = start()
counter.inc(sync=True)
first = counter.get()
node.destroy()
time.sleep(1)

node, counter = start()
ready = counter.get()
deadline = time.monotonic() + 20
while counter.get() == 0 and time.monotonic() < deadline:
    time.sleep(0.05)
later = counter.get()
node.destroy()
print("before the restart:", first, "- when ready again:", ready, "- a moment later:", later)
assert (first, ready, later) == (1, 0, 1)
PY
