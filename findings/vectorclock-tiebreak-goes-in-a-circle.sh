#!/usr/bin/env bash
# vectorclock 0.5.3 (PyPI): compare(..., tiebreak=True), which is to order clocks that happened at the same time. Guessed: that is a total order. Seen: a
# is before b (it happened before it), b is before c and c is before a (both by the tie-break, of equal maxima by the clock's text). Replicas
# that keep the latest of three values keep different ones, by the order in which they come.
# Bears on us: last-writer-wins goes by a Lamport time first and by the origin only where times are equal (Sources/Nodes/Transactions/RegisterStore.swift).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check --no-deps vectorclock==0.5.3
"$dir/v/bin/python" - <<'PY'
import itertools
from functools import reduce
from vectorclock.vectorclock import VectorClock

clocks = {"a": VectorClock({"p": 12, "q": 2, "r": 3}), "b": VectorClock({"p": 12, "q": 10, "r": 3}), "c": VectorClock({"p": 12, "q": 11, "r": 1})}
before = [(x, y) for x in clocks for y in clocks if clocks[x].compare(clocks[y], tiebreak=True) < 0]
later = lambda x, y: x if clocks[x].compare(clocks[y], tiebreak=True) > 0 else y
kept = {"".join(order): reduce(later, order) for order in itertools.permutations(clocks)}
print("before:", before, "- the latest, by order of arrival:", kept)
assert before == [("a", "b"), ("b", "c"), ("c", "a")]
assert set(kept.values()) == {"a", "b", "c"}
PY
