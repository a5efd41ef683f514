#!/usr/bin/env bash
# simloom 0.5.0 with redis 8.1.0 (PyPI): a lock as Redis's clients make it, SET with NX and EX, on simloom's stand-in for Redis, which stands for the server in
# simulated tests. Guessed: the second SET is refused, and after the expiry the lock is free; or the stand-in answers an error, as it does to
# SETNX. Seen: options after the value are dropped without a word: the second SET succeeds, so that two clients hold the lock, SET with XX
# makes the key that isn't there, and a lock whose holder has died never expires.
# Bears on us: our services answer a request that they don't take with error 10, not-supported (Sources/Services/Register.swift).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python=
for candidate in python3 python3.12 python3.13 python3.14 "$HOME"/.pyenv/versions/3.1[2-9]*/bin/python3; do
  if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then python=$candidate; break; fi
done
[ -n "$python" ] || { echo "needs Python 3.12 or later" >&2; exit 2; }
"$python" -m pip install -q --disable-pip-version-check --no-compile --target "$dir/p" simloom==0.5.0 redis==8.1.0
PYTHONPATH="$dir/p" timeout 300 "$python" - <<'PY'
import asyncio
import redis.asyncio as redis
import simloom

seen = {}

async def main(world):
    await world.run_service(simloom.SimRedis(), host="store", port=6379)
    client = redis.Redis(host="store", port=6379)
    seen["first"] = await client.set("lock", "a", nx=True, ex=10)
    seen["second"] = await client.set("lock", "b", nx=True, ex=10)
    await asyncio.sleep(20)
    seen["holder after 20 s"] = await client.get("lock")
    seen["set only if there"] = await client.set("absent", "value", xx=True)
    try:
        await client.setnx("other", "a")
    except redis.ResponseError:
        seen["SETNX"] = "an error"
    await client.aclose()
    await asyncio.sleep(1)  # the stand-in closes its end

simloom.run(main, seed=1, virtual_time=True, seed_randomness=True)
print(seen)
assert list(seen.values()) == [True, True, b"b", True, "an error"]
PY
