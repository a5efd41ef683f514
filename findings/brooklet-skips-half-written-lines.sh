#!/usr/bin/env bash
# brooklet 0.4.0 (PyPI; consumer groups over JSON-lines files that other programs append to): a consumer reads while the writer is in the middle of a line, and again
# when the line is whole; and a writer was killed in the middle of a line, and produce() goes on with the file. Guessed: half a line waits for
# its end, as with tail, and the next event begins a line of its own. Seen: the half counts as read (a warning in the log says "malformed"), so
# that the group never gets that event; and the event after the torn line is glued to it, and lost for every consumer, though produce() returned.
# Bears on us: a node's line counts when its newline is there, or its output has ended (Tests/RuntimeTests), and a log's torn end is told from its
# records before anything is appended (Sources/Storage/LogScanner.swift).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python=
for candidate in python3 python3.12 python3.13 python3.14 "$HOME"/.pyenv/versions/3.1[2-9]*/bin/python3; do
  if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then python=$candidate; break; fi
done
[ -n "$python" ] || { echo "needs Python 3.12 or later" >&2; exit 2; }
"$python" -m pip install -q --disable-pip-version-check --no-compile --root-user-action=ignore --no-deps --target "$dir/p" \
  brooklet==0.4.0 watchdog==7.1.0 pluggy==1.7.0
PYTHONPATH="$dir/p" timeout 300 "$python" - "$dir" 2>/dev/null <<'PY'
import pathlib, sys
import brooklet

folder = pathlib.Path(sys.argv[1])
stream = brooklet.open(folder / "streams")

def numbers(topic):
    return [event["n"] for event in stream.consume(topic, group="g")]

log = folder / "log.jsonl"
log.write_text('{"n": 1}\n{"n": ')
stream.register("log", path=str(log), mode="single-file")
first = numbers("log")
log.write_text('{"n": 1}\n{"n": 2}\n{"n": 3}\n')
second = numbers("log")

stream.produce("out", {"n": 1})
out, = (folder / "streams").rglob("out/*.jsonl")
with out.open("a") as file:
    file.write('{"n": 2, "te')  # here the writer was killed
stream.produce("out", {"n": 3})
stream.produce("out", {"n": 4})
produced = numbers("out")
print("read while 2 was half written:", first, "- when all was written:", second, "- produced 1, 3 and 4 around a torn line:", produced)
assert (first, second, produced) == ([1], [3], [1, 4])
PY
