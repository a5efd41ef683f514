#!/usr/bin/env bash
# hlcpy 0.0.2 (PyPI; hybrid logical clocks): timestamps are kept as text or as bytes, as keys of a store. Guessed: sorting the keys sorts the timestamps, which is what
# such clocks are made for, and bytes read back compare equal to the millisecond. Seen: the logical part isn't padded, so ..._10 comes before
# ..._9; the bytes are little-endian, so 2 s may come before 1 s; and the milliseconds are rounded up, so that a timestamp that went through
# bytes is later than itself, and an answer seems to be older than its question.
# Bears on us: no timestamp of ours is ever ordered as text; a Lamport time is a number (Sources/Nodes/Transactions/RegisterStore.swift).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check hlcpy==0.0.2 iso8601==2.1.0
"$dir/v/bin/python" - <<'PY'
from hlcpy import HLC

second = 1_000_000_000
nine, ten = HLC(1_700_000_000 * second, 9), HLC(1_700_000_000 * second, 10)
times = [HLC(number * second) for number in range(1, 1000)]
moment = HLC(1_700_000_000 * second + 500_000)
again = HLC.from_bytes(moment.to_bytes())
print("text:", sorted(map(str, (nine, ten))), "- in order as bytes:", sorted(times, key=HLC.to_bytes) == times,
      "- later after a way through bytes:", again > moment)
assert nine < ten and str(ten) < str(nine)
assert sorted(times, key=HLC.to_bytes) != times
assert again > moment
PY
