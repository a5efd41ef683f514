#!/usr/bin/env bash
# polars 2.1.0 (PyPI): a history of 150 operations as JSON lines, of which number 121 is the first with an "error". Guessed: read_ndjson makes a column with
# nulls, or raises. Seen: there is no such column, and no word about it: keys are taken from the first 100 lines. A run whose first
# error comes after its first 100 operations reads as a run without errors. infer_schema_length=None finds it.
# Bears on us: polars refuses messages.jsonl, and its export, as they are, since bodies have many shapes. After jq 'del(.body)' it reads them, and then
# must be told to look at all lines: what a fault does ("lost", "copied", "held") comes where the fault comes.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check polars==2.1.0 polars-runtime-32==2.1.0
"$dir/v/bin/python" - <<'PY'
import io, json, polars

operations = [{"index": index, "type": "ok"} for index in range(150)]
operations[120] = {"index": 120, "type": "info", "error": "timeout"}
history = "\n".join(map(json.dumps, operations)).encode()
usual = polars.read_ndjson(io.BytesIO(history))
whole = polars.read_ndjson(io.BytesIO(history), infer_schema_length=None)
print("columns:", usual.columns, "- with infer_schema_length=None:", whole.columns)
assert usual.columns == ["index", "type"] and len(usual) == 150
assert whole.columns == ["index", "type", "error"]
PY
