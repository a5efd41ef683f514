#!/usr/bin/env bash
# ndjson 0.3.1 (PyPI): a JSON string may hold U+2028 as it is (RFC 8259, section 7). Guessed: ndjson.loads reads it or raises. Seen: loads
# returns another string, with a comma where the separator was, and reports nothing; ndjson.reader over the same text is right.
# Bears on us: a line ends at 0x0A and nowhere else (Tests/WireTests).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check ndjson==0.3.1
"$dir/v/bin/python" - <<'PY'
import io, ndjson

text = '{"echo": "one\u2028two"}\n{"echo": 2}\n'
loaded, read = ndjson.loads(text), list(ndjson.reader(io.StringIO(text)))
print("loads:", loaded, "- reader:", read)
assert loaded == [{"echo": "one,two"}, {"echo": 2}]
assert read == [{"echo": "one\u2028two"}, {"echo": 2}]
PY
