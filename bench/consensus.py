#!/usr/bin/env python3
"""`make bench-consensus`: lin-kv on Raft beside Maelstrom's own demos, raft.rb and raft.py, in turn: medians of 5 runs.

The demos are taken from a checkout of jepsen-io/maelstrom, `DEMOS=DIR/demo`; without it, only our node is measured. Rates are
of operations that succeeded. Latencies are those of writes that succeeded, by the node that was asked: the leader is taken to
be the node that answers soonest.
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


def latencies(history, nodes, clients):
    """Of each node: how long writes took that succeeded, in nanoseconds, after the first two seconds."""
    begun, took = {}, [[] for _ in range(nodes)]
    with open(history) as file:
        for line in file:
            found = OPERATION.match(line)
            if not found or found[2] != "write":
                continue
            time, process = int(found[3]), int(found[4])
            if found[1] == "invoke":
                begun[process] = time
            elif found[1] == "ok" and begun[process] > 2e9:
                took[process % clients % nodes].append(time - begun[process])
    return took


def run(workbench, program, arguments, store):
    """One run: server messages an operation, operations a second, share that succeeded, and latencies in milliseconds."""
    shutil.rmtree(store, ignore_errors=True)
    words = [workbench, "test", "-w", "lin-kv", "--bin", program, "--store", store, *arguments.split()]
    ended = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    results = os.path.join(store, "latest", "results.edn")
    if not os.path.exists(results):
        sys.exit(f"{' '.join(words)} ended with {ended.returncode}:\n{ended.stdout[-2000:]}")
    with open(results) as file:
        text = file.read()
    # A demo that is not linearizable is still as fast as it is; ours must be valid.
    if ended.returncode and "maelstrom-lin-kv" in program:
        print(f"not valid: {' '.join(words)}", file=sys.stderr)
    count, succeeded = (int(re.search(rf":{name} (\d+)", text)[1]) for name in ("count", "ok-count"))
    servers = float(re.search(r":servers \{[^}]*:msgs-per-op ([\d.]+)", text)[1])
    nodes = int(re.search(r"--node-count (\d+)", arguments)[1])
    clients = int(re.search(r"--concurrency (\d+)n", arguments)[1]) * nodes
    by_node = sorted(latencies(os.path.join(store, "latest", "history.edn"), nodes, clients), key=lambda each: quantile(each, 0.5) or 1e9)
    leader, followers = by_node[0], [each for node in by_node[1:] for each in node]
    seconds = int(re.search(r"--time-limit (\d+)", arguments)[1])
    return [
        servers, succeeded / seconds, 100 * succeeded / count,
        quantile(followers, 0.5), quantile(followers, 0.99), quantile(leader, 0.5), quantile(leader, 0.99),
    ]


def medians(runs):
    return [statistics.median(values) if (values := [run[place] for run in runs if run[place] is not None]) else None
            for place in range(len(runs[0]))]


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
        ("", None), ("server msgs/op", ".2f"), ("succeeded/s", ",.0f"), ("%", ".1f"), ("follower p50 ms", ".1f"),
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
