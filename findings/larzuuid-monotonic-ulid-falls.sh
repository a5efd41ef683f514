#!/usr/bin/env bash
# larzuuid 0.1.0 (PyPI): MonotonicULID, whose ids are said to "strictly increase even within the same millisecond", while the clock steps back by 5 ms, as NTP or
# a nemesis makes it. Guessed: the next id is greater all the same, by one in its random part, or there is an error. Seen: the next id is smaller than
# the last, and so are all until the clock has caught up; only within one millisecond is the last id looked at. Who pages by the greatest id
# that was seen ("after this one") never sees what was written in between.
# Bears on us: with `--nemesis skew` clocks of nodes step; offsets and ids of our nodes come from counters, not from the clock.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m pip install -q --disable-pip-version-check --no-compile --root-user-action=ignore --no-deps --target "$dir/p" larzuuid==0.1.0
PYTHONPATH="$dir/p" python3 - <<'PY'
import time
from larzuuid import MonotonicULID

now = 1_800_000_000.0
time.time, time.time_ns = lambda: now, lambda: int(now * 1000) * 1_000_000
generator = MonotonicULID()
same = [generator.new() for _ in range(3)]
now -= 0.005
back = [generator.new() for _ in range(3)]
print("within one millisecond:", "rising" if same == sorted(same) else "falling", "- ids after a step back that are greater than the last before it:",
      sum(id > same[-1] for id in back), "of 3")
assert same == sorted(set(same)) and all(id < same[0] for id in back)
PY
