"""Many writes to a lin-kv node on Raft: throughput, memory, and how long a node that was cut off takes to catch up.

Three nodes as processes, a pipe each; this program passes lines on, without latency. The third node is cut off while the
writes are made, and then let in again: a read that it answers shows that it has caught up.

    bench/raft_growth.py bin/maelstrom-lin-kv --writes 1000000 --keys 1000
"""

import argparse
import fcntl
import os
import selectors
import subprocess
import time

WINDOW = 4096  # Requests under way: a node refuses more that wait.


class Cluster:
    def __init__(self, programs, arguments=()):
        """`programs`: a node's program and what stands before it, by the node's name."""
        self.names = list(programs)
        self.programs = {name: [*words, *arguments] for name, words in programs.items()}
        self.selector = selectors.DefaultSelector()
        self.processes, self.rest, self.out = {}, {}, {}
        for name in self.names:
            self.begin(name)
        self.cut = set()
        self.replies, self.errors, self.last = 0, 0, b""
        self.longest, self.messages = 0, 0

    def begin(self, name):
        process = subprocess.Popen(
            self.programs[name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for pipe in (process.stdin, process.stdout):
            fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_NONBLOCK)
            if hasattr(fcntl, "F_SETPIPE_SZ"):
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)
        self.selector.register(process.stdout, selectors.EVENT_READ, name)
        self.processes[name], self.rest[name], self.out[name] = process, b"", bytearray()

    def end(self, name):
        self.selector.unregister(self.processes[name].stdout)
        self.processes[name].kill()
        self.processes[name].wait()
        self.out[name] = bytearray()

    def send(self, name, lines):
        self.out[name] += lines
        self.flush(name)

    def flush(self, name):
        out = self.out[name]
        while out:
            try:
                written = os.write(self.processes[name].stdin.fileno(), out[: 1 << 20])
            except BlockingIOError:
                return
            del out[:written]

    def step(self, timeout=0.001):
        for key, _ in self.selector.select(timeout):
            name = key.data
            try:
                data = self.rest[name] + os.read(key.fd, 1 << 20)
            except BlockingIOError:
                continue
            lines = data.split(b"\n")
            self.rest[name] = lines.pop()
            for line in lines:
                at = line.index(b'"dest":"') + 8
                destination = line[at:line.index(b'"', at)].decode()
                if destination.startswith("c"):
                    self.replies += 1
                    self.errors += b'"type":"error"' in line
                    self.last = line
                    self.replied(name, line)
                elif name not in self.cut and destination not in self.cut:
                    self.messages += 1
                    self.passed(name, destination, line)
                    self.longest = max(self.longest, len(line))
                    self.out[destination] += line + b"\n"
        for name in self.names:
            self.flush(name)

    def passed(self, name, destination, line):
        """A message from one node to another."""

    def replied(self, name, line):
        """An answer to a client."""

    def ask(self, name, body, patience=30.0):
        """The answer's line, and how long it took; asks again where there is an error."""
        start = time.monotonic()
        while time.monotonic() - start < patience:
            count, errors = self.replies, self.errors
            self.send(name, b'{"src":"c9","dest":"%s","body":%s}\n' % (name.encode(), body))
            while self.replies == count and time.monotonic() - start < patience:
                self.step()
            if self.errors == errors:
                return self.last, time.monotonic() - start
            time.sleep(0.01)
        raise SystemExit(f"{name} does not answer {body}: {self.last}")

    def memory(self):
        sizes = []
        for name in self.names:
            with open(f"/proc/{self.processes[name].pid}/status") as file:
                sizes += [int(line.split()[1]) / 1024 for line in file if line.startswith("VmRSS")]
        return sizes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--writes", type=int, default=1_000_000)
    parser.add_argument("--keys", type=int, default=1000)
    parser.add_argument("--no-cut", action="store_true", help="the third node stays in")
    options = parser.parse_args()
    cluster = Cluster({name: [options.program] for name in ("n0", "n1", "n2")})
    for name in cluster.names:
        cluster.ask(name, b'{"type":"init","msg_id":1,"node_id":"%s","node_ids":["n0","n1","n2"]}' % name.encode())
    cluster.ask("n0", b'{"type":"write","key":"warm","value":0,"msg_id":2}')
    if not options.no_cut:
        cluster.cut = {"n2"}
    start, base, sent = time.monotonic(), cluster.replies, 0
    while cluster.replies - base < options.writes:
        room = min(WINDOW - (sent - (cluster.replies - base)), options.writes - sent, 512)
        if room > 0:
            cluster.send("n0", b"".join(
                b'{"src":"c1","dest":"n0","body":{"type":"write","key":%d,"value":%d,"msg_id":%d}}\n'
                % (number % options.keys, number, number + 10) for number in range(sent, sent + room)))
            sent += room
        cluster.step(0 if room > 0 else 0.001)
    took = time.monotonic() - start
    last = options.writes - 1
    print(f"{options.writes} writes to {options.keys} keys in {took:.1f} s: {options.writes / took:.0f}/s,"
          f" {cluster.errors} errors, {cluster.messages / options.writes:.4f} messages between nodes each")
    print("resident:", ", ".join(f"{size:.1f} MiB" for size in cluster.memory()))
    cluster.longest = 0
    cluster.cut = set()
    answer, took = cluster.ask("n2", b'{"type":"read","key":%d,"msg_id":5}' % (last % options.keys))
    assert b'"value":%d' % last in answer, answer
    print(f"the third node answers a read {1000 * took:.0f} ms after it was let in;"
          f" the longest message since has {cluster.longest} bytes")
    print("resident:", ", ".join(f"{size:.1f} MiB" for size in cluster.memory()))
    for process in cluster.processes.values():
        process.kill()


if __name__ == "__main__":
    main()
