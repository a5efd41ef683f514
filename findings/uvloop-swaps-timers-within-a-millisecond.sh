#!/usr/bin/env bash
# uvloop 0.23.0 (PyPI): call_later(0.0054, ...) and then call_later(0.0050, ...). Guessed: the one that is due first runs first, as with asyncio's own loop,
# even if both come late. Seen: the other way round, 20 times of 20: both delays become 5 ms, and timers of one millisecond run in the order
# in which they were made. A node that is right on asyncio ("retry, then give up 0.4 ms later") does it in the wrong order on uvloop.
# Bears on us: our runtime stands on libuv too, and so keeps the order of its timers itself, in nanoseconds; the loop has one (CSupport/CGlomers/timer.c).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check uvloop==0.23.0
timeout 60 "$dir/v/bin/python" - <<'PY'
import asyncio, uvloop

async def swaps():
    count = 0
    for _ in range(20):
        ran = []
        loop = asyncio.get_running_loop()
        loop.call_later(0.0054, ran.append, "due second")
        loop.call_later(0.0050, ran.append, "due first")
        await asyncio.sleep(0.05)
        count += ran == ["due second", "due first"]
    return count

seen = asyncio.run(swaps()), uvloop.run(swaps())
print("swapped on asyncio's loop %d times of 20, on uvloop %d" % seen)
assert seen[0] < 10 and seen[1] == 20  # a busy machine may make asyncio's second call late
PY
