#!/usr/bin/env bash
# snowflake-id 1.0.2 (PyPI): the clock steps back by 5 ms (as NTP, or a test's nemesis, makes it), and an id is asked for; and 4,097 ids are asked for within
# one millisecond. Guessed: the generator waits, or raises. Seen: next() returns None, and goes on doing so until the clock has caught up.
# Who doesn't look answers null, and each null equals the one before.
# Bears on us: with `--nemesis skew` unique-ids finds such nodes: "the id nil was given 7 times". One null alone is an id like any other, as to Maelstrom.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check snowflake-id==1.0.2
"$dir/v/bin/python" - <<'PY'
from snowflake import snowflake

now = snowflake.time()
snowflake.time = lambda: now
generator = snowflake.SnowflakeGenerator(1)
first = next(generator)
now -= 0.005
back = [next(generator) for _ in range(2)]
now += 0.006
after = next(generator)
print("first", type(first).__name__, "- after a step back", back, "- when the clock has caught up", type(after).__name__)
assert type(first) is int and back == [None, None] and type(after) is int

now += 0.010
ids = [next(generator) for _ in range(4097)]
print("of 4,097 ids in one millisecond", ids.count(None), "is None")
assert ids.count(None) == 1 and ids[-1] is None
PY
