#!/usr/bin/env bash
# looptime 0.9 (PyPI), which lets asyncio's time run ahead where nothing is to be done: a test waits, for 10 s at most, for a line of a program that prints it after
# 0.3 s. Guessed, and said in its description: what happens outside takes no time of the loop, so the line comes. Seen: the wait times out after
# no real time at all, and so does one for a socket; one for a function in a thread (run_in_executor) waits as described. With a timeout around
# it, a real peer never gets to answer.
# Bears on us: `workbench sim --bin` moves the clock only when every thread of every node waits (docs/VIRTUAL_TIME.md).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check looptime==0.9
timeout 60 "$dir/v/bin/python" - <<'PY'
import asyncio, looptime, time

async def within_ten_seconds(outside):
    loop = asyncio.get_running_loop()
    began, real = loop.time(), time.monotonic()
    try:
        await asyncio.wait_for(outside, 10)
        outcome = "came"
    except asyncio.TimeoutError:
        outcome = "timed out"
    return outcome, loop.time() - began, time.monotonic() - real > 0.25

async def pipe():
    program = await asyncio.create_subprocess_exec("sh", "-c", "sleep 0.3; echo line", stdout=asyncio.subprocess.PIPE)
    seen = await within_ten_seconds(program.stdout.readline())
    await program.wait()
    return seen

async def thread():
    return await within_ten_seconds(asyncio.get_running_loop().run_in_executor(None, time.sleep, 0.3))

def run(test):
    loop = looptime.new_event_loop()
    try:
        return loop.run_until_complete(test())
    finally:
        loop.close()

seen = run(pipe), run(thread)
for name, (outcome, took, waited) in zip(("a line through a pipe", "a function in a thread"), seen):
    print(name, outcome, "after", took, "s of the loop; a real wait:", waited)
assert seen == (("timed out", 10.0, False), ("came", 0.0, True))
PY
