#!/usr/bin/env bash
# crdts 0.0.4 (PyPI): two replicas of a PNCounter each add 1 and exchange the updates. Guessed: both read 2. Seen: both read 1.
# An update carries the replica's own total of increments, and a replica keeps the greater of two totals; there is no entry for each replica
# (Shapiro et al., "Conflict-free replicated data types", SSS 2011, specification 7), so of concurrent increments the smaller is lost.
# Bears on us: g-counter and pn-counter keep one entry for each incarnation, and the simulator's sweeps hold totals against all acknowledged adds.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check crdts==0.0.4 packify==0.4.0
"$dir/v/bin/python" - <<'PY'
from crdts import CounterSet, PNCounter, ScalarClock

def replica(kind):
    return kind(clock=ScalarClock(uuid=b"1" * 16))

a, b = replica(PNCounter), replica(PNCounter)
from_a, from_b = a.increase(1), b.increase(1)
a.update(from_b), b.update(from_a)
print("PNCounter after +1 at each of two replicas:", a.read(), b.read())
assert (a.read(), b.read()) == (1, 1)

a, b = replica(CounterSet), replica(CounterSet)
from_a, from_b = a.increase("a", 1), b.increase("b", 1)
a.update(from_b), b.update(from_a)
print("CounterSet, an id for each replica:", a.read(), b.read())
assert (a.read(), b.read()) == (2, 2)
PY
