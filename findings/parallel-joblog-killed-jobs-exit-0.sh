#!/usr/bin/env bash
# GNU parallel 20221122 (Debian 12): one job fails with status 3, one is killed by a signal, and --joblog keeps the record. Guessed: the killed job's
# Exitval is not 0, perhaps 137. Seen: its Exitval is 0, as if it had succeeded; only the column Signal tells. Whoever reads the log by Exitval
# counts every seed whose node ran out of memory or crashed as passed. (--resume-failed looks at both columns and runs it again.)
# Bears on us: the workbench says which ended a node, a status or a signal (Sources/GlomersRuntime/ChildProcess.swift), and each is node-died.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq parallel=20221122+ds-2 2>/dev/null
dpkg -x parallel_*.deb .
command -v perl >/dev/null || { echo "needs perl" >&2; exit 2; }
export HOME=$dir
printf '%s\n' 'true' 'exit 3' 'kill -KILL $$' | usr/bin/parallel --will-cite -j1 --joblog log 2>/dev/null || true
seen=$(awk -F '\t' 'NR > 1 { print $9 ": Exitval " $7 ", Signal " $8 }' log)
echo "$seen"
[ "$seen" = 'true: Exitval 0, Signal 0
exit 3: Exitval 3, Signal 0
kill -KILL $$: Exitval 0, Signal 9' ]
