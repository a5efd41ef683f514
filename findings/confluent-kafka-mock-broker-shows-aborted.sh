#!/usr/bin/env bash
# confluent-kafka 2.16.1 (PyPI; librdkafka) with its mock cluster (test.mock.num.brokers): a transaction is aborted, another is committed, and a consumer reads
# with isolation.level=read_committed. Guessed: it gets the committed message, or the mock cluster refuses transactions. Seen: all calls succeed
# and the consumer gets both: the mock broker takes part in transactions and doesn't tell which messages were aborted.
# A test of exactly-once delivery on the mock cluster so proves the opposite of what it says.
# Bears on us: our stand-ins for services (lin-kv-single, seq-kv, lin-tso) are nodes as well, so that the checkers can judge them.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check confluent-kafka==2.16.1
timeout 120 "$dir/v/bin/python" - 2>/dev/null <<'PY'
import time
from confluent_kafka import Consumer, Producer, TopicPartition

producer = Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 1, "transactional.id": "t"})
broker = next(iter(producer.list_topics(timeout=20).brokers.values()))
producer.init_transactions(20)
for value, end in (b"aborted", producer.abort_transaction), (b"committed", producer.commit_transaction):
    producer.begin_transaction()
    producer.produce("topic", value, partition=0)
    producer.flush(20)
    end(20)
consumer = Consumer({"bootstrap.servers": "%s:%d" % (broker.host, broker.port), "group.id": "g", "isolation.level": "read_committed",
                     "auto.offset.reset": "earliest", "enable.auto.commit": False})
consumer.assign([TopicPartition("topic", 0, 0)])
got, deadline = [], time.monotonic() + 60
while b"committed" not in got and time.monotonic() < deadline:
    message = consumer.poll(0.5)
    if message is not None and not message.error():
        got.append(message.value())
consumer.close()
print("read_committed got", got)
assert got == [b"aborted", b"committed"]
PY
