#!/usr/bin/env bash
# libfaketime 0.9.10 (Debian 12) with Python 3.11: FAKETIME_DONT_FAKE_MONOTONIC=1, the cure that its manual gives for programs that hang. Guessed: time.sleep
# then sleeps in real time. Seen: with a sped-up clock time.sleep raises "Invalid argument": the library scales the absolute deadline
# that Python hands to clock_nanosleep although the clock that it was read from is not scaled.
# Bears on us: virtual time for other people's nodes is made at the system call, not by preloaded functions.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq libfaketime=0.9.10-2.1 2>/dev/null
dpkg -x libfaketime_*.deb .
command -v python3 >/dev/null || { echo "needs python3" >&2; exit 2; }
library=$(find "$dir" -name libfaketime.so.1)
seen=$(LD_PRELOAD=$library FAKETIME="+0 x10" FAKETIME_DONT_FAKE_MONOTONIC=1 timeout 30 python3 -c '
import time
try:
    time.sleep(1)
    print("slept")
except OSError as error:
    print(error.strerror)')
echo "time.sleep(1): $seen"
[ "$seen" = "Invalid argument" ]
