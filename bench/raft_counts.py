#!/usr/bin/env python3
"""What a committed operation of a saturated lin-kv cluster on Raft costs, in counts that no other load on the machine shifts.

Three nodes as processes; this program passes lines on, without latency, and keeps so many operations under way at each node.
It prints messages and bytes an operation by type, entries an append, and, where `--callgrind` names nodes, the instructions that an
operation costs them: of two runs, the difference divided by that of the operations.

    bench/raft_counts.py bin/maelstrom-lin-kv --window 200 --callgrind n0,n1
"""

import argparse
import collections
import os
import re
import subprocess
import tempfile

from raft_growth import Cluster

TYPE = re.compile(rb'"type":"(\w+)"')
MIX = [b'"type":"write","key":%d,"value":%d', b'"type":"read","key":%d', b'"type":"cas","key":%d,"from":%d,"to":%d']


class Counted(Cluster):
    def __init__(self, programs, arguments):
        self.counts, self.bytes, self.entries, self.appends = collections.Counter(), collections.Counter(), 0, 0
        self.done = collections.Counter()
        super().__init__(programs, arguments)

    def passed(self, name, destination, line):
        kind = TYPE.search(line, line.index(b'"body"'))[1].decode()
        if kind in ("write", "cas"):
            kind = re.search(rb'"type":"(append|forward)"', line)[1].decode()
        self.counts[kind] += 1
        self.bytes[kind] += len(line) + 1
        if kind == "append":
            entries = line.count(b'"term"') - 1
            self.entries += entries
            self.appends += entries > 0

    def replied(self, name, line):
        self.done[name] += 1


def body(number, reads):
    key = number // 4 % 100
    if reads and number % 2:
        return MIX[1] % key
    if reads and number % 4 == 0:
        return MIX[2] % (key, number % 5, number % 3)
    return MIX[0] % (key, number % 5)


def run(options, operations, folder=None):
    watched = options.callgrind.split(",") if folder else []
    programs = {}
    for name in ("n0", "n1", "n2"):
        programs[name] = [options.program]
        if name in watched:
            programs[name] = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/{name}", *options.kind.split(), options.program]
    # Nobody is to take a node under callgrind for dead.
    cluster = Counted(programs, ["--election-timeout", "20s"] if folder else [])
    for name in cluster.names:
        cluster.ask(name, b'{"type":"init","msg_id":1,"node_id":"%s","node_ids":["n0","n1","n2"]}' % name.encode(), 300)
    for name in cluster.names:
        cluster.ask(name, b'{"type":"write","key":"warm","value":0,"msg_id":2}', 300)
    cluster.counts.clear()
    cluster.bytes.clear()
    cluster.done.clear()
    cluster.entries, cluster.appends, errors = 0, 0, cluster.errors
    share, sent = operations // 3, collections.Counter()
    while sum(cluster.done.values()) < 3 * share:
        for name in cluster.names:
            room = min(options.window - (sent[name] - cluster.done[name]), share - sent[name])
            if room > 0:
                cluster.send(name, b"".join(
                    b'{"src":"c%d","dest":"%s","body":{%s,"msg_id":%d}}\n'
                    % (number % 100, name.encode(), body(number, options.reads), number + 10)
                    for number in range(sent[name], sent[name] + room)))
                sent[name] += room
        cluster.step(0.01)
    for process in cluster.processes.values():
        process.stdin.close()
        process.wait()
    return cluster, 3 * share, cluster.errors - errors


def instructions(path):
    with open(path) as file:
        return int(re.search(r"^(?:summary|totals): (\d+)", file.read(), re.MULTILINE)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--operations", type=int, default=30000)
    parser.add_argument("--window", type=int, default=200, help="operations under way at each node")
    parser.add_argument("--reads", action="store_true", help="half of them reads and a quarter compare-and-sets, as Maelstrom's")
    parser.add_argument("--callgrind", help="nodes whose instructions are counted: n0 becomes the leader")
    parser.add_argument("--kind", default="", help="more options for callgrind")
    parser.add_argument("--keep", help="a folder for callgrind's files")
    options = parser.parse_args()
    cluster, count, errors = run(options, options.operations)
    print(f"{count} operations, {options.window} under way at each node, {errors} refused")
    for kind in sorted(cluster.counts):
        print(f"  {kind:14} {cluster.counts[kind] / count:8.4f} messages  {cluster.bytes[kind] / count:8.1f} bytes  an operation")
    print(f"  {cluster.entries / max(1, cluster.appends):.1f} entries an append that has any")
    if options.callgrind:
        totals = []
        with tempfile.TemporaryDirectory() as folder:
            folder = options.keep or folder
            os.makedirs(folder, exist_ok=True)
            for operations in (options.operations // 10, options.operations // 5):
                _, count, _ = run(options, operations, folder)
                totals.append((count, {name: instructions(f"{folder}/{name}") for name in options.callgrind.split(",")}))
        (less, first), (more, second) = totals
        for name in first:
            print(f"  {name}: {(second[name] - first[name]) / (more - less):,.0f} instructions an operation")


if __name__ == "__main__":
    main()
