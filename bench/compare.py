#!/usr/bin/env python3
"""`make bench-compare BASE=<commit>`: the base and the work tree, in turn, round by round.

A difference counts as one when it points the same way in every round; who goes first alternates. Some figures are
shares of what a byte copy or `cat` does in the same round. Instructions are counted once: they are the same whatever
else the machine does.
"""

import argparse
import os
import shutil
import statistics
import sys
from typing import NamedTuple

import budgets
import machine
from run import WAYS, WORKLOADS, Contestant, Driver, known_nodes, progress, run_workload
from tables import table

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


class Run(NamedTuple):
    """What the driver does with a node: its words, and the way in which the node is measured, one of run.py's WAYS."""

    node: str
    words: tuple
    way: str = ""
    on_one_core: bool = False
    # What else is driven in the same round, with traffic of its own: "copy" or "cat".
    yardstick: str = ""


class Case(NamedTuple):
    """One figure of a run, as a row of the table."""

    name: str
    run: Run
    figure: str
    is_more_better: bool
    unit: float = 1


STREAM = Run("echo", ("stream", "echo", 400_000, 0), yardstick="copy")
TRIPS = ("pingpong", "echo", 10_000)
PINNED = Run("echo", TRIPS, on_one_core=True, yardstick="cat")
SPAWN = Run("echo", ("spawn", 30))
ECHO = [
    Case("echo, 1,000 msgs/s", STREAM, "per_second", True, 1e3),
    Case("echo, msgs/s of the byte copy", STREAM, "per_second of copy", True),
    Case("echo, CPU µs/msg", STREAM, "cpu_us", False),
    Case("echo, 16 at a time, 1,000 msgs/s", Run("echo", ("stream", "echo", 100_000, 16)), "per_second", True, 1e3),
    Case("echo, ping-pong on one core, p50 µs", PINNED, "p50_us", False),
    Case("echo, ping-pong on one core, p50 of cat's", PINNED, "p50_us of cat", False),
    Case("echo, ping-pong p50 µs", Run("echo", TRIPS), "p50_us", False),
    Case("echo, spawn to init_ok ms", SPAWN, "p50_ms", False),
    Case("echo, resident MB", SPAWN, "resident_mb", False),
]
STORING = ["broadcast", "kafka"]


def comparisons(nodes):
    cases = list(ECHO)
    for node, traffic, count, _ in WORKLOADS:
        for way in ["", "--data-dir"] if node in STORING else [""]:
            run = Run(node, ("stream", traffic, count, 0), way)
            name = f"{node}, {way}" if way else node
            cases.append(Case(f"{name}, 1,000 requests/s", run, "per_second", True, 1e3))
            cases.append(Case(f"{name}, CPU µs/request", run, "cpu_us", False))
    return [case for case in cases if case.run.node in nodes]


def yardsticks(driver):
    """What knows no JSON; `cat` gives back the request itself, which is traffic of its own."""
    return {"copy": ("echo", [os.path.join(driver.folder, "copy")]), "cat": ("raw", ["cat"])}


def measure(driver, run, binaries, is_reversed):
    """The figures of each binary by its place, and of the yardstick by its name; None where one did not do."""
    environment, is_stored = next((environment, is_stored) for way, environment, is_stored in WAYS if way == run.way)
    seen = {}
    places = list(enumerate(binaries))
    for place, binary in reversed(places) if is_reversed else places:
        contestant = Contestant(binary, [binary, run.node], environment)
        seen[place] = run_workload(driver, run.words, contestant, is_stored, run.on_one_core)
    if run.yardstick:
        traffic, command = yardsticks(driver)[run.yardstick]
        words = [run.words[0], traffic, *run.words[2:]]
        seen[run.yardstick] = driver.run(words, Contestant(run.yardstick, command), run.on_one_core)
    return seen if all(seen.values()) else None


def figure(case, round, place):
    """A figure, or its share of the yardstick's in that round: "FIGURE of YARDSTICK"."""
    name, _, whole = case.figure.partition(" of ")
    return round[place][name] / (round[whole][name] if whole else case.unit)


def row(case, rounds):
    pairs = [(figure(case, round, 0), figure(case, round, 1)) for round in rounds]
    ratios = [ours / base for base, ours in pairs]
    return [
        case.name,
        statistics.median(base for base, _ in pairs),
        statistics.median(ours for _, ours in pairs),
        statistics.median(ratios),
        f"{min(ratios):.3f} to {max(ratios):.3f}",
        verdict(ratios, case.is_more_better),
    ]


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
    parser.add_argument("--record", action="store_true", help="put the table into the results")
    options = parser.parse_args()
    if os.getloadavg()[0] > 0.5:
        progress("others are using this machine: of what follows only CPU times and instructions can be trusted")
    about = machine.about(ROOT, f"make bench-compare BASE={options.name}")
    driver = Driver(os.path.join(options.build, "pipe"))
    nodes = set(known_nodes(options.base)) & set(known_nodes(options.glomer))

    # One run serves all figures that come from it.
    cases = comparisons(nodes)
    rounds = {}
    for number in range(options.rounds):
        progress(f"round {number + 1} of {options.rounds}")
        for run in dict.fromkeys(case.run for case in cases):
            seen = measure(driver, run, [options.base, options.glomer], number % 2 == 1)
            if seen:
                rounds.setdefault(run, []).append(seen)
    missing = [case.name for case in cases if case.run not in rounds]
    if missing:
        sys.exit(f"compare: no figures for {', '.join(missing)}")
    rows = [row(case, rounds[case.run]) for case in cases]
    rows += count_instructions(options, nodes)
    machine.finish(about)
    print(machine.sentence(about) + "\n")
    columns = [
        ("figure", None), (options.name, ",.3f"), ("work tree", ",.3f"), ("ratio", ".3f"), ("of the rounds", None),
        ("so it is", None),
    ]
    text = table(columns, rows)
    print(text)
    if options.record:
        machine.record({"compare": text}, about)


if __name__ == "__main__":
    main()
