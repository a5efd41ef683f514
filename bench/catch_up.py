"""How long a replica that is far behind takes to catch up, and how long the messages are that bring it what it lacks.

Two nodes as processes, a pipe each; this program passes lines on, without latency. The second node is cut off while clients
give the first so many MiB of entries, and then let in again. It has caught up when a message of its own says that it holds
them all; a read shows that it does. With --restart it is ended instead, and started again with nothing.

    bench/catch_up.py bin/maelstrom-g-set --mebibytes 100
    bench/catch_up.py bin/maelstrom-kafka --mebibytes 100 --restart -- --acks quorum
"""

import argparse
import os
import re
import sys
import time

from raft_growth import WINDOW, Cluster

VERSION = re.compile(rb'"version":\{([^}]*)\}')
REQUESTS = {
    "g-set": b'{"src":"c1","dest":"n0","body":{"type":"add","element":"%s","msg_id":%d}}\n',
    "kafka": b'{"src":"c1","dest":"n0","body":{"type":"send","key":"k","msg":"%s","msg_id":%d}}\n',
    "broadcast": b'{"src":"c1","dest":"n0","body":{"type":"broadcast","message":"%s","msg_id":%d}}\n',
}


LINE_MAX = 16 << 20  # Longer answers are of no use: Maelstrom and the bench drop them.


class Pair(Cluster):
    """How much the second node says that it holds."""

    held = 0

    def cpu(self):
        """Seconds of CPU of each node so far."""
        ticks = []
        for name in self.names:
            with open(f"/proc/{self.processes[name].pid}/stat") as file:
                ticks.append(sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13])))
        return [each / os.sysconf("SC_CLK_TCK") for each in ticks]

    def passed(self, name, destination, line):
        if name == "n1" and (found := VERSION.search(line)):
            counts = [int(part.rsplit(b":", 1)[1]) for part in found[1].split(b",") if part]
            self.held = max(self.held, sum(counts))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="maelstrom-g-set, maelstrom-kafka or maelstrom-broadcast")
    parser.add_argument("--mebibytes", type=int, default=100)
    parser.add_argument("--size", type=int, default=100, help="bytes of an entry, its quotes and comma counted")
    parser.add_argument("--restart", action="store_true", help="the second node is ended, and comes back empty")
    parser.add_argument("--patience", type=float, default=120, help="seconds")
    words, _, arguments = " ".join(sys.argv[1:]).partition(" -- ")  # What follows -- is passed to each node.
    options = parser.parse_args(words.split())
    kind = next(kind for kind in REQUESTS if options.program.endswith(kind))
    cluster = Pair({name: [options.program] for name in ("n0", "n1")}, arguments.split())

    def begin(name):
        cluster.ask(name, b'{"type":"init","msg_id":1,"node_id":"%s","node_ids":["n0","n1"]}' % name.encode())

    begin("n0")
    begin("n1")
    end = time.monotonic() + 1.5
    while time.monotonic() < end:  # The nodes get to know each other.
        cluster.step()
    cluster.cut = {"n1"}
    if options.restart:
        cluster.end("n1")
    count = options.mebibytes * (1 << 20) // options.size
    start, base, sent = time.monotonic(), cluster.replies, 0
    while cluster.replies - base < count:
        room = min(WINDOW - (sent - (cluster.replies - base)), count - sent, 512)
        if room > 0:
            cluster.send("n0", b"".join(
                REQUESTS[kind] % (b"%0*d" % (options.size - 3, number), number + 10)
                for number in range(sent, sent + room)))
            sent += room
        cluster.step(0 if room > 0 else 0.001)
    took = time.monotonic() - start
    print(f"{count} entries of {options.size} bytes at one node in {took:.1f} s, {cluster.errors} errors")
    cluster.longest, cluster.messages, cluster.held = 0, 0, 0
    start = time.monotonic()
    if options.restart:
        cluster.begin("n1")
        begin("n1")
    cluster.cut = set()
    first, before = None, cluster.cpu()
    while cluster.held < count:
        cluster.step()
        if first is None and cluster.held > 0:
            first = time.monotonic() - start
        if time.monotonic() - start > options.patience:
            raise SystemExit(f"after {options.patience:.0f} s the second node holds {cluster.held} of {count} entries;"
                             f" the longest message has {cluster.longest} bytes")
    took = time.monotonic() - start
    print(f"the second node holds all {took:.2f} s after it was let in, the first of it after {first or took:.2f} s;"
          f" {cluster.messages} messages, the longest of {cluster.longest} bytes")
    print("CPU of that:", ", ".join(f"{after - each:.2f} s" for each, after in zip(before, cluster.cpu())))
    if kind == "kafka" or count * options.size < LINE_MAX:
        body = b'{"type":"poll","offsets":{"k":0},"msg_id":5}' if kind == "kafka" else b'{"type":"read","msg_id":5}'
        answer, took = cluster.ask("n1", body)
        print(f"it answers a {'poll' if kind == 'kafka' else 'read'} in {took:.2f} s: {len(answer)} bytes")
    print("resident:", ", ".join(f"{size:.0f} MiB" for size in cluster.memory()))
    for process in cluster.processes.values():
        process.kill()


if __name__ == "__main__":
    main()
