#!/usr/bin/env bash
# pycrdt 0.14.13 (PyPI; Yrs): integers put into a shared Array or Map. Guessed: they all come back as integers, or all as floats. Seen: the small
# ones come back as floats, and those beyond 2^53 as integers, so that the type of an element depends on its magnitude.
# Bears on us: 1 and 1.0 are one value to checkers wherever Maelstrom compares them as one (a node that keeps its state so answers 1.0 for 1).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check pycrdt==0.14.13 anyio==4.16.0
"$dir/v/bin/python" - <<'PY'
from pycrdt import Array, Doc, Map

doc = Doc()
doc["array"] = array = Array([1, 2**53 + 1, 2**63 - 1])
doc["map"] = shared = Map({"count": 3})
types = [type(element).__name__ for element in array.to_py()]
print("1, 2^53 + 1, 2^63 - 1 come back as", types, "- a map's 3 as", repr(shared["count"]))
assert types == ["float", "int", "int"] and type(shared["count"]) is float
PY
