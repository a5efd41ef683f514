#!/usr/bin/env python3
"""`make busy`: challenges 3d and 3e with busy loops beside them (LOOPS=3), so many times each (RUNS=20): how many broke the
challenge's limit, server messages an operation, and the longest time until a value was everywhere."""

import argparse
import os
import re
import subprocess
import sys
import tempfile

import machine
from tables import table

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOAD = "-w broadcast --node-count 25 --rate 100 --latency 100 --time-limit 20"
CHALLENGES = [("3d", 600, []), ("3e", 2000, ["--", "--latency-budget", "2s"])]


def run(directory, limit, arguments):
    """Server messages an operation, and the median and the longest stable latency, in ms; nil where the run was invalid."""
    with tempfile.TemporaryDirectory() as store:
        words = [f"{directory}/workbench", "test", "--bin", f"{directory}/maelstrom-broadcast", "--store", store]
        text = subprocess.run(words + LOAD.split() + arguments, capture_output=True, text=True).stdout
    if "Everything looks good" not in text:
        sys.exit(f"a run is not valid:\n{text[-3000:]}")
    latencies = re.search(r":stable-latencies \{([^}]*)\}", text)[1]
    servers = re.search(r":servers \{[^}]*?:msgs-per-op ([\d.]+)", text)[1]
    quantiles = {float(at): float(value) for at, value in re.findall(r"([\d.]+) ([\d.]+)", latencies)}
    return float(servers), quantiles[0.5], quantiles[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True, help="the directory with the workbench and the nodes")
    parser.add_argument("--loops", type=int, default=3, help="busy loops beside each run")
    parser.add_argument("--runs", type=int, default=20, help="runs of each challenge")
    given = parser.parse_args()
    about = machine.about(ROOT, f"make busy LOOPS={given.loops} RUNS={given.runs}")
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(given.loops)]
    rows = []
    try:
        for name, limit, arguments in CHALLENGES:
            runs = []
            for place in range(given.runs):
                runs.append(run(given.bin, limit, arguments))
                print(f"{name}, run {place + 1}: {runs[-1][0]:.3f} msgs/op, at most {runs[-1][2]:.0f} ms", file=sys.stderr)
            late = sum(longest > limit for _, _, longest in runs)
            messages = sorted(messages for messages, _, _ in runs)
            rows.append([
                f"{name}, limit {limit:,} ms", f"{late} of {len(runs)}", sum(messages) / len(runs), messages[-1],
                max(median for _, median, _ in runs), max(longest for _, _, longest in runs),
            ])
    finally:
        for loop in loops:
            loop.kill()
    machine.finish(about)
    print(machine.sentence(about))
    columns = [
        ("challenge", None), ("late", None), ("server msgs/op, mean", ".3f"), ("most", ".3f"),
        ("median of a run at most, ms", ".0f"), ("longest, ms", ".0f"),
    ]
    print(f"\n{table(columns, rows)}")


if __name__ == "__main__":
    main()
