#!/usr/bin/env bash
# loro 1.17.1 (PyPI): a replica is restored from an older snapshot and goes on under its old peer id, as a node does whose disk is set back. It makes one edit
# and both sides import each other's snapshots. Guessed: import raises, or its status names a conflict. Seen: both imports succeed with nothing
# imported, the version vectors are equal, and the documents differ for good: the new edit has the number of the lost one.
# Bears on us: nodes number what they say by incarnation, one for each run of a process (docs/GLOSSARY.md), so that no number is given out twice.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check loro==1.17.1
"$dir/v/bin/python" - <<'PY'
from loro import ExportMode, LoroDoc

def replica(peer, snapshot=None):
    document = LoroDoc()
    document.peer_id = peer
    if snapshot is not None:
        document.import_(snapshot)
    return document

def append(document, value):
    entries = document.get_list("log")
    entries.insert(len(entries), value)
    document.commit()

a, b = replica(1), replica(2)
append(a, "kept")
backup = a.export(ExportMode.Snapshot())
append(a, "before the crash")
b.import_(a.export(ExportMode.Snapshot()))
a = replica(1, backup)
append(a, "after the restart")
for target, source in ((b, a), (a, b)):
    target.import_(source.export(ExportMode.Snapshot()))
logs = a.get_deep_value()["log"], b.get_deep_value()["log"]
print("a", logs[0], "- b", logs[1], "- version vectors equal:", a.oplog_vv == b.oplog_vv)
assert logs == (["kept", "after the restart"], ["kept", "before the crash"]) and a.oplog_vv == b.oplog_vv
PY
