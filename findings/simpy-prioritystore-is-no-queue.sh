#!/usr/bin/env bash
# simpy 4.1.2 (PyPI): six items of equal priority are put into a PriorityStore, one after the other, and got again. Guessed: in the order in which they
# came, as PriorityResource serves requests. Seen: 0, 2, 5, 4, 1, 3; the order is the heap's, and the same each time. A simulated network that
# keeps its messages in a PriorityStore by arrival time reorders those that arrive together, although nobody asked for it.
# Bears on us: messages that are due at one instant arrive in the order of sending (Sources/Lab/Network.swift); reordering is a fault of its own.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check simpy==4.1.2
"$dir/v/bin/python" - <<'PY'
import simpy

environment = simpy.Environment()
network = simpy.PriorityStore(environment)
got = []

def run():
    for number in range(6):
        yield network.put(simpy.PriorityItem(7, number))
    for _ in range(6):
        got.append((yield network.get()).item)

environment.process(run())
environment.run()
print("put 0 to 5 with the same priority, got", got)
assert got == [0, 2, 5, 4, 1, 3]
PY
