#!/usr/bin/env bash
# itf-py 0.5.0 (PyPI), which reads the traces of Apalache and Quint (ITF): a record with the fields from and to, as messages have in most specifications, and
# the variant Some(1). Guessed: both are read. Seen: both raise ValueError: fields become attributes of a Python tuple, so that no field or tag
# may be a word of Python's (from, None, class) or begin with an underscore; and a variant that holds an integer, a set, a tuple or a map
# is taken for a record with a field "#bigint", "#set", "#tup" or "#map". Some("x") is read.
# Bears on us: nothing of ours writes ITF; whoever replays a model's trace against a node should read it as plain JSON.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check itf-py==0.5.0 frozendict==2.5.1
"$dir/v/bin/python" - <<'PY'
from itf_py import value_from_json

def outcome(value):
    try:
        return repr(value_from_json(value))
    except ValueError as error:
        return "ValueError"

some = lambda value: {"tag": "Some", "value": value}
cases = {"sender and receiver": {"sender": 1, "receiver": 2}, "from and to": {"from": 1, "to": 2},
         "Some of a text": some("x"), "Some of an integer": some({"#bigint": "1"}), "Some of a set": some({"#set": []}),
         "None": {"tag": "None", "value": {"#tup": []}}}
seen = {name: outcome(value) for name, value in cases.items()}
for name, result in seen.items():
    print(name + ":", result)
assert [name for name, result in seen.items() if result == "ValueError"] == ["from and to", "Some of an integer", "Some of a set", "None"]
PY
