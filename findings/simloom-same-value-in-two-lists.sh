#!/usr/bin/env bash
# simloom 0.5.0 (PyPI; deterministic simulation for asyncio), its "Elle-style" check_serializable over list-append histories as Jepsen and Maelstrom make them, where
# a value is unique within its list: two transactions each read the other's list and append 2 to their own. Guessed: refused, as write skew.
# Seen: "serializable", without a word. Appends are kept by value alone, so the 2 of one list hides that of the other; with 2 and 3 the same
# history is refused. (The docstring asks for values that are unique over all lists, but nothing checks that.) A read of an element that
# nobody appended is "serializable" too.
# Bears on us: `workbench check -w txn-list-append` keeps appends by list and value, calls the first G2-item, and the second phantom-value.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python=
for candidate in python3 python3.12 python3.13 python3.14 "$HOME"/.pyenv/versions/3.1[2-9]*/bin/python3; do
  if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then python=$candidate; break; fi
done
[ -n "$python" ] || { echo "needs Python 3.12 or later" >&2; exit 2; }
"$python" -m pip install -q --disable-pip-version-check --no-compile --target "$dir/p" simloom==0.5.0
PYTHONPATH="$dir/p" "$python" - <<'PY'
from simloom import History, check_serializable

def serializable(*transactions):
    history = History()
    for process, operations in enumerate(transactions):
        history.record(operations, process=process)
    return check_serializable(history).ok

def skew(in_x, in_y):
    return serializable(
        [("append", "x", 1), ("append", "y", 1 if in_x == in_y else 10)],
        [("read", "x", [1]), ("append", "y", in_y)],
        [("read", "y", [1 if in_x == in_y else 10]), ("append", "x", in_x)],
    )

seen = {
    "write skew, 2 appended to both lists": skew(2, 2),
    "write skew, 2 and 3": skew(2, 3),
    "an element that nobody appended": serializable([("append", "x", 1)], [("read", "x", [1, 99])]),
}
print("serializable:", seen)
assert list(seen.values()) == [True, False, True]
PY
