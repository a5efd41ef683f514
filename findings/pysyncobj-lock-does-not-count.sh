#!/usr/bin/env bash
# pysyncobj 0.3.17 (PyPI; Raft): ReplLockManager.tryAcquire twice by one holder, then release once. Guessed: the second attempt fails, or the
# lock stays held until the second release. Seen: both attempts succeed and one release frees the lock, so that two tasks of one process
# that both "hold" it exclude nobody.
# Bears on us: nothing of ours relies on a lock service; a request's identity is its message id, not its sender.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check pysyncobj==0.3.17
timeout 60 "$dir/v/bin/python" - <<'PY'
import socket
from pysyncobj import SyncObj
from pysyncobj.batteries import ReplLockManager

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    address = "127.0.0.1:%d" % probe.getsockname()[1]
locks = ReplLockManager(autoUnlockTime=30)
node = SyncObj(address, [], consumers=[locks])
node.waitReady()
first, second = locks.tryAcquire("lock", sync=True), locks.tryAcquire("lock", sync=True)
locks.release("lock", sync=True)
held = locks.isAcquired("lock")
node.destroy()
print("acquired:", first, second, "- held after one release:", held)
assert (first, second, held) == (True, True, False)
PY
