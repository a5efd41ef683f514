#!/usr/bin/env python3
"""`make bench-consensus`: lin-kv on Raft beside Maelstrom's own demos, raft.rb and raft.py, in turn: medians of 5 runs.

The demos are taken from a checkout of jepsen-io/maelstrom, `DEMOS=DIR/demo`; without it, only our node is measured. Operations are
answered if they succeed, or are refused for what a key holds (errors 20 and 22): of Maelstrom's compare-and-sets most are. Latencies
are those of writes, by the node that was asked: the leader is taken to be the node that answers soonest.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import machine
from tables import table

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
STEADY = "--node-count 5 --concurrency 4n --rate 100 --latency 10 --time-limit 20"
SATURATED = "--node-count 3 --concurrency {clients}n --rate 200000 --latency 0 --time-limit 8"
OPERATION = re.compile(r"\{:type :(\w+), :f :(\w+), .*?:time (\d+), :process (\d+), :index \d+")


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] / 1e6 if values else None


def judge(history, nodes, clients):
    """How many operations were answered, and how long each node's writes took, in ns, after the first two seconds."""
    begun, took, answered = {}, [[] for _ in range(nodes)], 0
    with open(history) as file:
        for line in file:
            found = OPERATION.match(line)
            if not found:
                continue
            kind, function, time, process = found[1], found[2], int(found[3]), int(found[4])
            answered += kind == "ok" or ":error [:precondition-failed" in line or ":error [:key-does-not-exist" in line
            if kind == "invoke":
                begun[process] = time
            elif kind == "ok" and function == "write" and begun[process] > 2e9:
                took[process % clients % nodes].append(time - begun[process])
    return answered, took


def number(pattern, text):
    return float(re.search(pattern, text)[1])


def run(workbench, program, arguments, store):
    """One run: server messages an operation, answers a second, the share of answers, and latencies in ms."""
    shutil.rmtree(store, ignore_errors=True)
    words = [workbench, "test", "-w", "lin-kv", "--bin", program, "--store", store, *arguments.split()]
    ended = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    results = os.path.join(store, "latest", "results.edn")
    if not os.path.exists(results):
        sys.exit(f"{' '.join(words)} ended with {ended.returncode}:\n{ended.stdout[-2000:]}")
    # A demo that is not linearizable is still as fast as it is; ours must be valid.
    if ended.returncode and "maelstrom-lin-kv" in program:
        print(f"not valid: {' '.join(words)}", file=sys.stderr)
    with open(results) as file:
        text = file.read()
    nodes = int(number(r"--node-count (\d+)", arguments))
    clients = int(number(r"--concurrency (\d+)n", arguments)) * nodes
    answered, took = judge(os.path.join(store, "latest", "history.edn"), nodes, clients)
    took.sort(key=lambda each: quantile(each, 0.5) or 1e9)
    leader, followers = took[0], [each for node in took[1:] for each in node]
    return [
        number(r":servers \{[^}]*:msgs-per-op ([\d.]+)", text), answered / number(r"--time-limit (\d+)", arguments),
        100 * answered / number(r":stats \{:count (\d+)", text), quantile(followers, 0.5), quantile(followers, 0.99),
        quantile(leader, 0.5), quantile(leader, 0.99),
    ]


def medians(runs):
    columns = ([value for value in column if value is not None] for column in zip(*runs))
    return [statistics.median(column) if column else None for column in columns]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, help="the directory with the workbench and the nodes")
    parser.add_argument("--demos", help="demo/ of a checkout of Maelstrom")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--clients", type=int, default=200, help="clients a node in saturated runs")
    parser.add_argument("--writes", type=int, default=10_000_000, help="for memory; 0: none")
    parser.add_argument("--behind", type=int, default=1_000_000, help="entries to catch up with; 0: none")
    options = parser.parse_args()
    about = machine.about(ROOT, "make bench-consensus")
    workbench, ours = (os.path.join(options.bin, name) for name in ("workbench", "maelstrom-lin-kv"))
    programs = {"lin-kv": ours}
    for name, path in (("raft.rb", "ruby/raft.rb"), ("raft.py", "python/raft.py")):
        if options.demos and os.path.exists(os.path.join(options.demos, path)):
            programs[name] = os.path.join(options.demos, path)
    columns = [
        ("", None), ("server msgs/op", ".2f"), ("answered/s", ",.0f"), ("answered %", ".1f"), ("follower p50 ms", ".1f"),
        ("p99 ms", ".1f"), ("leader p50 ms", ".1f"), ("p99 ms", ".1f"),
    ]
    with tempfile.TemporaryDirectory() as store:
        for title, arguments in (("Steady", STEADY), ("Saturated", SATURATED.format(clients=options.clients))):
            runs = {name: [] for name in programs}
            for _ in range(options.runs):
                for name, program in programs.items():
                    runs[name].append(run(workbench, program, arguments, store))
            print(f"{title}: `workbench test -w lin-kv {arguments}`, medians of {options.runs}\n")
            print(table(columns, [[name, *medians(each)] for name, each in runs.items()]), flush=True)
    growth = [sys.executable, os.path.join(HERE, "raft_growth.py"), ours]
    for count, more in ((options.writes, ["--no-cut"]), (options.behind, [])):
        if count:
            print(f"`bench/raft_growth.py maelstrom-lin-kv --writes {count} {' '.join(more)}`", flush=True)
            subprocess.run([*growth, "--writes", str(count), *more], check=True)
            print(flush=True)
    machine.finish(about)
    print(machine.sentence(about))


if __name__ == "__main__":
    main()
