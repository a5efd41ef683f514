#!/usr/bin/env bash
# loro 1.17.1 beside pycrdt 0.14.13 (PyPI; both are last-writer-wins maps): two replicas read "a" as the holder of a lease; the one of the greater id confirms "a", by
# writing it again, while the other writes "b"; then they exchange all. Guessed: two concurrent writes, of which the greater id wins, so
# both read "a"; and so it is with "c" in place of "a". Seen: pycrdt reads "a"; loro reads "b", for a write of the value that is there already is no
# operation (the version stays as it was), and nobody ever hears of the confirmation. With "c" both read "c".
# Bears on us: a write of txn-rw-register has a time of its own whatever it writes (Sources/Nodes/Transactions/RegisterStore.swift).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check loro==1.17.1 pycrdt==0.14.13
"$dir/v/bin/python" - <<'PY'
import loro, pycrdt

def with_loro(confirmed):
    documents = [loro.LoroDoc(), loro.LoroDoc()]
    for peer, document in enumerate(documents, 1):
        document.peer_id = peer
    small, great = documents
    def exchange():
        for target, source in ((great, small), (small, great)):
            target.import_(source.export(loro.ExportMode.Snapshot()))
    def write(document, holder):
        before = document.oplog_vv
        document.get_map("lease").insert("holder", holder)
        document.commit()
        return document.oplog_vv != before
    write(small, "a")
    exchange()
    counted = write(great, confirmed), write(small, "b")
    exchange()
    return [document.get_deep_value()["lease"]["holder"] for document in documents], counted

def with_pycrdt(confirmed):
    documents = [pycrdt.Doc(client_id=peer) for peer in (1, 2)]
    maps = [document.get("lease", type=pycrdt.Map) for document in documents]
    small, great = documents
    def exchange():
        for target, source in ((great, small), (small, great)):
            target.apply_update(source.get_update())
    maps[0]["holder"] = "a"
    exchange()
    maps[1]["holder"], maps[0]["holder"] = confirmed, "b"
    exchange()
    return [lease["holder"] for lease in maps]

seen = with_pycrdt("a"), with_loro("a"), with_pycrdt("c"), with_loro("c")
print("confirmed: pycrdt", seen[0], "loro", *seen[1], "- written anew: pycrdt", seen[2], "loro", *seen[3])
assert seen == (["a", "a"], (["b", "b"], (False, True)), ["c", "c"], (["c", "c"], (True, True)))
PY
