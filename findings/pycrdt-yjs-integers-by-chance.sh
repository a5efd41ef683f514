#!/usr/bin/env bash
# pycrdt 0.14.13 (PyPI; Yrs) writes integers, and Yjs 13.5.43 (Debian 12) or another pycrdt reads them. Guessed: Yjs gets numbers, or BigInts beyond 2^53;
# and the replica that wrote reads what all others read. Seen: of times in nanoseconds Yjs gets those that a double holds as numbers (one in
# 256) and their neighbours as BigInts, which are never === to numbers and make JSON.stringify of the document throw, so that it works in a
# test with round numbers; a Map of Yjs does not take the BigInt back. And 2^63 - 1 (a common "none yet") is itself on the replica that wrote
# it, and 2^63 as a float on all others, for good.
# Bears on us: integers go over the wire as they were written, at any length (Sources/Glomers/JSON.swift), and replicas are compared by reads.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq node-yjs=13.5.43-1 node-lib0=0.2.58-1 node-isomorphic.js=0.2.5-1 2>/dev/null
for package in *.deb; do dpkg -x "$package" .; done
command -v node >/dev/null || { echo "needs node (Debian: nodejs)" >&2; exit 2; }
python3 -m venv v && v/bin/pip install -q --disable-pip-version-check pycrdt==0.14.13
v/bin/python - <<'PY'
from pycrdt import Doc, Map

def replica(update=None):
    document = Doc()
    shared = document.get("times", type=Map)
    if update is not None:
        document.apply_update(update)
    return document, shared

document, times = replica()
times["round"], times["next"] = 1_700_000_000_000_000_000, 1_700_000_000_000_000_001
update = document.get_update()
open("update", "wb").write(update)
times["none"] = 2**63 - 1
_, others = replica(document.get_update())
print("2^63 - 1 where it was written:", times["none"], "- elsewhere:", repr(others["none"]))
assert times["none"] == 2**63 - 1 and others["none"] == float(2**63) != times["none"]
PY
cat > read.js <<'JS'
const Yjs = require('yjs'), document = new Yjs.Doc();
Yjs.applyUpdate(document, require('fs').readFileSync('update'));
const times = document.getMap('times'), types = [typeof times.get('round'), typeof times.get('next')];
const raised = (what) => { try { what(); return 'nothing'; } catch (error) { return error.message; } };
const text = raised(() => JSON.stringify(times.toJSON())), copy = raised(() => times.set('copy', times.get('next')));
console.log('...000 and ...001 in Yjs:', types.join(' and '), '- JSON.stringify raises:', text, '- set of the value again raises:', copy);
if (types.join() !== 'number,bigint' || !text.includes('BigInt') || copy === 'nothing') process.exit(1);
JS
NODE_PATH=usr/share/nodejs node read.js
