#!/usr/bin/env python3
"""`make bench-compare BASE=<commit>`: the base and the work tree, in turn, round by round.

A difference counts as one when it points the same way in every round; who goes first alternates. Instructions are
counted once: they are the same whatever else the machine does.
"""

import argparse
import os
import shutil
import statistics
import sys

import budgets
import machine
from run import WORKLOADS, Contestant, Driver, known_nodes, progress
from tables import table

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)

# What is compared: a name, the node, the driver's words, the figure, and whether more of it is better.
ECHO = [
    ("echo, 1,000 msgs/s", "echo", ["stream", "echo", 400_000, 0], "per_second", True, 1e3),
    ("echo, CPU µs/msg", "echo", ["stream", "echo", 400_000, 0], "cpu_us", False, 1),
    ("echo, 16 at a time, 1,000 msgs/s", "echo", ["stream", "echo", 100_000, 16], "per_second", True, 1e3),
    ("echo, ping-pong p50 µs", "echo", ["pingpong", "echo", 10_000], "p50_us", False, 1),
    ("echo, spawn to init_ok ms", "echo", ["spawn", 30], "p50_ms", False, 1),
    ("echo, resident MB", "echo", ["spawn", 30], "resident_mb", False, 1),
]


def comparisons(nodes):
    others = [
        (f"{node}, CPU µs/request", node, ["stream", traffic, count, 0], "cpu_us", False, 1)
        for node, traffic, count, _ in WORKLOADS
    ]
    return [comparison for comparison in ECHO + others if comparison[1] in nodes]


def measure(driver, binaries, words, node, is_reversed):
    """One run of each, in the order of the binaries whoever goes first."""
    runs = {
        binary: driver.run(words, Contestant(binary, [binary, node]))
        for binary in (reversed(binaries) if is_reversed else binaries)
    }
    return [runs[binary] for binary in binaries]


def count_instructions(options, nodes):
    if not shutil.which("valgrind"):
        progress("no instructions are counted, because there is no valgrind here")
        return []
    rows = []
    for node, traffic in budgets.SUBJECTS:
        if node not in nodes:
            continue
        progress(f"instructions: {traffic}")
        base, ours = (
            budgets.instructions_a_request(binary, node, traffic, options.build) for binary in (options.base, options.glomer)
        )
        rows.append([f"{traffic}, instructions", base, ours, ours / base, None, verdict([ours / base], False)])
    return rows


def verdict(ratios, is_more_better):
    if all(ratio > 1.01 for ratio in ratios):
        return "better" if is_more_better else "worse"
    if all(ratio < 0.99 for ratio in ratios):
        return "worse" if is_more_better else "better"
    return "the same, as far as can be seen"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="folder with pipe/driver")
    parser.add_argument("--base", required=True, help="the base's glomer")
    parser.add_argument("--name", default="base", help="what to call the base")
    parser.add_argument("--glomer", default=os.path.join(ROOT, "bin", "glomer"))
    parser.add_argument("--rounds", type=int, default=6)
    options = parser.parse_args()
    if os.getloadavg()[0] > 0.5:
        progress("others are using this machine: of what follows only CPU times and instructions can be trusted")
    driver = Driver(os.path.join(options.build, "pipe"))
    nodes = set(known_nodes(options.base)) & set(known_nodes(options.glomer))

    # One run serves all figures that come from the same words.
    cases = comparisons(nodes)
    runs = {}
    for number in range(options.rounds):
        progress(f"round {number + 1} of {options.rounds}")
        for key in dict.fromkeys((node, tuple(words)) for _, node, words, *_ in cases):
            pair = measure(driver, [options.base, options.glomer], list(key[1]), key[0], number % 2 == 1)
            if all(pair):
                runs.setdefault(key, []).append(pair)
    rows = []
    for name, node, words, figure, is_more_better, unit in cases:
        pairs = [(base[figure], ours[figure]) for base, ours in runs.get((node, tuple(words)), [])]
        if not pairs:
            sys.exit(f"compare: no figures for '{name}'")
        ratios = [ours / base for base, ours in pairs]
        rows.append(
            [
                name,
                statistics.median(base for base, _ in pairs) / unit,
                statistics.median(ours for _, ours in pairs) / unit,
                statistics.median(ratios),
                f"{min(ratios):.3f} to {max(ratios):.3f}",
                verdict(ratios, is_more_better),
            ]
        )
    rows += count_instructions(options, nodes)
    print(machine.sentence(machine.about(ROOT, f"make bench-compare BASE={options.name}")) + "\n")
    columns = [
        ("figure", None), (options.name, ",.3f"), ("work tree", ",.3f"), ("ratio", ".3f"), ("of the rounds", None),
        ("so it is", None),
    ]
    print(table(columns, rows))


if __name__ == "__main__":
    main()
