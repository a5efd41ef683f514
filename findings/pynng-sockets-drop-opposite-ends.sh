#!/usr/bin/env bash
# pynng 0.9.0 (PyPI; nng): a slow receiver of 1,000 messages. Guessed: all sockets that drop drop what comes last. Seen: a Sub0 socket drops the
# oldest and ends with the last message; a Bus0 socket keeps the oldest and never sees the last. Neither end is told of it.
# Bears on us: a carrier between hosts must count what it drops, for which end is missing depends on the socket.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/v" && "$dir/v/bin/pip" install -q --disable-pip-version-check pynng==0.9.0 cffi==2.1.1 sniffio==1.3.1 pycparser==3.12
timeout 60 "$dir/v/bin/python" - <<'PY'
import time, pynng

def received(socket):
    numbers = []
    try:
        while True:
            numbers.append(int(socket.recv()))
    except pynng.Timeout:
        return numbers

with pynng.Pub0(listen="inproc://pub") as sender, pynng.Sub0(dial="inproc://pub", topics=b"", recv_timeout=500) as receiver:
    time.sleep(0.3)
    for number in range(1000):
        sender.send(b"%d" % number)
    by_sub = received(receiver)
with pynng.Bus0(listen="inproc://bus") as sender, pynng.Bus0(dial="inproc://bus", recv_timeout=500) as receiver:
    time.sleep(0.3)
    for number in range(1000):
        sender.send(b"%d" % number)
    by_bus = received(receiver)
for name, numbers in (("Sub0", by_sub), ("Bus0", by_bus)):
    print(name, "got", len(numbers), "of 1,000, from", numbers[0], "to", numbers[-1])
assert len(by_sub) < 1000 and by_sub[0] > 0 and by_sub[-1] == 999
assert len(by_bus) < 1000 and by_bus[0] == 0 and by_bus[-1] < 999
PY
