#!/usr/bin/env bash
# Spin 6.5.2 (Debian 12): the verifier pan finds a violated assertion. Guessed: its exit status is not 0. Seen: it is 0. And where the search hits its
# default depth of 10,000 before it comes to the violation, pan prints "max search depth too small" and then "errors: 0", again with status 0.
# A CI step that trusts the exit status, or looks for "errors: 0", accepts a protocol that is wrong.
# Bears on us: `workbench` ends with 1 for invalid and with 2 where it could not tell.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq spin=6.5.2+dfsg-1 2>/dev/null
dpkg -x spin_*.deb .
command -v cc >/dev/null || { echo "needs a C compiler" >&2; exit 2; }
verify() {
  usr/bin/spin -a "$1.pml" >/dev/null && cc -w -o "$1" pan.c && { status=0; "./$1" >"$1.out" 2>&1 || status=$?; }
  echo "$1: exit status $status, $(grep -o 'errors: [0-9]*' "$1.out"), $(grep -c 'max search depth too small' "$1.out" || true) warning of the depth"
}
cat > lost.pml <<'PML'
byte x;
active [2] proctype adder() { byte seen; seen = x; x = seen + 1 }
active proctype check() { timeout -> assert(x == 2) }
PML
cat > deep.pml <<'PML'
int i;
active proctype count() { do :: i < 100000 -> i++ :: i == 100000 -> assert(false) od }
PML
lost=$(verify lost); deep=$(verify deep)
echo "$lost"; echo "$deep"
[ "$lost" = "lost: exit status 0, errors: 1, 0 warning of the depth" ]
[ "$deep" = "deep: exit status 0, errors: 0, 1 warning of the depth" ]
