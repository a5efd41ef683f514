#!/usr/bin/env bash
# crdts 0.0.4 (PyPI): of two replicas of an LWWMap one sets a key and the other unsets it at the same logical time, and they exchange these two
# updates. Guessed: both read the same. Seen: each keeps its own view for good, one has the key and the other does not.
# Bears on us: a last-writer-wins rule must break ties by something that every replica knows, and a sweep that only looks at values that
# somebody read does not notice the difference: the workbench compares the replicas' final reads.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check crdts==0.0.4 packify==0.4.0
"$dir/v/bin/python" - <<'PY'
from crdts import LWWMap, ScalarClock

a, b = (LWWMap(clock=ScalarClock(uuid=b"1" * 16)) for _ in range(2))
from_a, from_b = a.set("k", "value", 1), b.unset("k", 2)
for _ in range(2):  # a second exchange changes nothing
    a.update(from_b), b.update(from_a)
print("after the exchange:", a.read(), b.read())
assert a.read() == {"k": None} and b.read() == {"k": "value"}
PY
