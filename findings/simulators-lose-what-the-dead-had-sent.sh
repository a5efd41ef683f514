#!/usr/bin/env bash
# simloop 0.2.2, simloom 0.5.0 and detangle 0.1.0 (PyPI; deterministic simulation for asyncio): a host sends to a peer that is up and connected, and crashes while that
# is still under way. Guessed: it arrives, at least sometimes; what has left a host doesn't come back. Seen: it is always lost, in streams, datagrams
# and mailboxes alike: at the time of arrival all three ask whether the sender is alive. (detangle's text on crashes speaks of packets to
# the host alone.) So no seed has the leader that dies when one follower's entry is under way, or the reply that comes after its server died.
# Bears on us: a kill loses what is on its way to the node that is killed; what it had sent arrives (Sources/Lab/Network.swift, discard).
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT
python=
for candidate in python3 python3.12 python3.13 python3.14 "$HOME"/.pyenv/versions/3.1[2-9]*/bin/python3; do
  if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then python=$candidate; break; fi
done
[ -n "$python" ] || { echo "needs Python 3.12 or later" >&2; exit 2; }
"$python" -m pip install -q --disable-pip-version-check --no-compile --root-user-action=ignore --target "$dir/p" simloop==0.2.2 simloom==0.5.0 detangle==0.1.0
cd "$dir"
PYTHONPATH="$dir/p" timeout 300 "$python" - <<'PY'
import asyncio
import detangle, simloom, simloop

got = {}

async def listen(kind):
    async def take(reader, _):
        try:
            while data := await reader.read(100):
                got.setdefault(kind, []).append(data)
        except (ConnectionError, asyncio.CancelledError):
            pass
    async with await asyncio.start_server(take, host="b", port=80) as server:
        await server.serve_forever()

async def send(sent, also=lambda data: None):
    _, writer = await asyncio.open_connection("b", 80)
    for data in b"early", b"late":
        await asyncio.sleep(10)
        writer.write(data), also(data)
    sent.set()
    await asyncio.sleep(1000)

class Datagrams(asyncio.DatagramProtocol):
    def datagram_received(self, data, _):
        got.setdefault("simloop, datagrams", []).append(data)

async def in_simloop():
    loop, sent = asyncio.get_running_loop(), asyncio.Event()
    loop.net.set_defaults(latency=(0.5, 0.5))
    async def receiver():
        await loop.create_datagram_endpoint(Datagrams, local_addr=("b", 1))
        await listen("simloop, streams")
    async def sender():
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=("b", 1))
        await send(sent, also=transport.sendto)
    loop.net.host("b").create_task(receiver())
    await asyncio.sleep(1)
    loop.net.host("a").create_task(sender())
    await sent.wait()
    loop.net.crash("a")
    await asyncio.sleep(100)

async def in_simloom(world):
    sent, b, a = asyncio.Event(), world.host("b"), world.host("a")
    b.spawn(lambda: listen("simloom, streams"))
    await world.sleep(1)
    a.spawn(lambda: send(sent))
    await sent.wait()
    a.crash()
    await world.sleep(100)

async def in_detangle():
    net, sent = detangle.network(), asyncio.Event()
    box = net.mailbox(1, host="b")
    async def sender():
        mail = net.mailbox(2, host="a")
        await send(sent, also=lambda data: mail.send(("b", 1), data))
    receiver = detangle.spawn(listen("detangle, streams"), host="b")
    await asyncio.sleep(1)
    detangle.spawn(sender(), host="a")
    await sent.wait()
    net.crash("a")
    await asyncio.sleep(100)
    while mail := box.recv_nowait():
        got.setdefault("detangle, mailboxes", []).append(mail[0])
    receiver.cancel()

assert simloop.explore(in_simloop, range(3)) is None
for seed in range(3):
    simloom.run(in_simloom, seed=seed, on_unhandled="record")
detangle.run(in_detangle, net={"latency": (0.5, 0.5)})
seen = {kind: sorted({data.decode() for data in all}) for kind, all in sorted(got.items())}
print("arrived, of early and late:", seen)
kinds = "detangle, mailboxes", "detangle, streams", "simloom, streams", "simloop, datagrams", "simloop, streams"
assert seen == dict.fromkeys(kinds, ["early"])
PY
