#!/usr/bin/env bash
# jq 1.13.0 (PyPI; jq 1.8) on two ids beyond 2^53 that differ by one: 9007199254740993 and ...992. Guessed: both are exact, or both become one everywhere. Seen:
# inside a program they are two (unique leaves both, == is false, tostring shows each), their difference is 0, and as results both come out
# as 9007199254740992: `unique` returns a list that isn't. Whoever counts duplicates of 64-bit ids in the program finds none, and in its results half.
# Bears on us: ids are compared as they were written, at any length (unique-ids); in jq compare them with tostring.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check jq==1.13.0
"$dir/v/bin/python" - <<'PY'
import jq

ids = "[9007199254740993, 9007199254740992]"
result = lambda program: jq.compile(program).input_text(ids).first()
seen = {program: result(program) for program in ("unique", "unique | length", ".[0] == .[1]", ".[0] - .[1]", "map(tostring)")}
for program, value in seen.items():
    print(program + ":", value)
assert seen == {"unique": [9007199254740992] * 2, "unique | length": 2, ".[0] == .[1]": False, ".[0] - .[1]": 0,
                "map(tostring)": ["9007199254740993", "9007199254740992"]}
PY
