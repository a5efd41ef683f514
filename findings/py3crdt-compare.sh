#!/usr/bin/env bash
# python3-crdt 1.0.3 (PyPI): compare() of two replicas. Guessed: true for equal ones and false for others. Seen: LWWElementSet.compare is true
# as soon as one added and one removed element are shared, and ORSet.compare is false for two equal sets of two elements.
# Bears on us: convergence is compared by the values that reads return, never by a type's own word for it.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check python3-crdt==1.0.3
"$dir/v/bin/python" - <<'PY'
from py3crdt.lww import LWWElementSet
from py3crdt.orset import ORSet

a, b = LWWElementSet("a"), LWWElementSet("b")
for replica, own in ((a, "only a"), (b, "only b")):
    replica.add("both"), replica.add(own), replica.remove("gone")
print("LWWElementSet: different", a.query("only b") != b.query("only b"), "- compare says", a.compare(b))
assert a.query("only b") != b.query("only b") and a.compare(b)

a, b = ORSet("a"), ORSet("b")
for replica in (a, b):
    replica.add("x", "tag 1"), replica.add("y", "tag 2")
print("ORSet: the same two elements with the same tags, compare says", a.compare(b))
assert not a.compare(b)
PY
