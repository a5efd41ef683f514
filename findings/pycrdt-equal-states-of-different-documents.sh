#!/usr/bin/env bash
# pycrdt 0.14.13 (PyPI; Yrs): two replicas hold [1, 2, 3], and one deletes the first element. Guessed: their state vectors differ, since they hold different
# things. Seen: the state vectors are equal, byte for byte: a deletion adds nothing to them. The missing deletion is in the update that one
# asks for with that state, and such an update is never empty. Who takes equal state vectors for convergence, or skips an exchange
# because of them, misses every deletion.
# Bears on us: convergence is judged by final reads, and a digest of a node's must cover everything that changes a read.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check pycrdt==0.14.13 anyio==4.16.0
"$dir/v/bin/python" - <<'PY'
from pycrdt import Array, Doc

a, b = Doc(), Doc()
a["list"] = mine = Array([1, 2, 3])
b["list"] = other = Array()
b.apply_update(a.get_update())
del mine[0]
equal = a.get_state() == b.get_state()
print("a", mine.to_py(), "- b", other.to_py(), "- state vectors equal:", equal)
assert equal and len(mine) == 2 and len(other) == 3
b.apply_update(a.get_update(b.get_state()))
print("after an exchange all the same: b", other.to_py())
assert len(other) == 2 and a.get_state() == b.get_state()
PY
