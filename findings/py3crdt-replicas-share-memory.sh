#!/usr/bin/env bash
# python3-crdt 1.0.3 (PyPI): ORSet a merges ORSet b; then b alone adds. Guessed: a knows nothing of it until the next merge. Seen: a shows
# it at once, because merge puts b's own lists into a. Two replicas in one process are then one, and a test of convergence between
# them passes without any exchange.
# Bears on us: replicas in our simulator are values, so that none can hold a part of another.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check python3-crdt==1.0.3
"$dir/v/bin/python" - <<'PY'
from py3crdt.orset import ORSet

a, b = ORSet("a"), ORSet("b")
b.add("x", "tag 1")
a.merge(b)
a.remove("x")
before = a.query("x")
b.add("x", "tag 2")
print("a has x: after its removal", before, "- after b alone added it again", a.query("x"))
assert (before, a.query("x")) == (False, True)
PY
