#!/usr/bin/env python3
"""`make bench-workbench`: what the test bench itself costs, with real processes and in the simulator.

CPU is that of the bench alone, its judging and writing of results included: nodes are taken off. Rates by CPU hold on
one core that the bench has for itself.
"""

import argparse
import os
import re
import statistics
import sys
import tempfile

import machine
from run import progress
from tables import table

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
CHALLENGE_3D = "-w broadcast --node-count 25 --time-limit 20 --rate 100 --latency 100"
# What two workbenches are compared by: challenges in the simulator, with the seeds of a run.
SIMULATED = [
    ("3d", f"{CHALLENGE_3D} --seeds 1..10", 10),
    ("kafka 5c", "-w kafka --node-count 2 --concurrency 2n --time-limit 20 --rate 1000 --seeds 1..3", 3),
    (
        "txn 6b",
        "-w txn-rw-register --node-count 2 --concurrency 2n --time-limit 20 --rate 1000 --availability total "
        "--consistency-models read-uncommitted --seeds 1..3",
        3,
    ),
]
SATURATED_SECONDS = 5
# Twice this many messages in each row of the curve, however many nodes there are.
FLOOD_MESSAGES_PER_SECOND = 250_000
FLOOD_SECONDS = 2
FLOOD_NODES = [25, 50, 100, 200, 400, 1000]
BROADCAST_NODES = [25, 100, 1000]
KAFKA_NODES = [3, 30, 100]


def run(*words):
    """Standard output, wall seconds, seconds of CPU with children, and the most memory in MB."""
    status, text, wall, cpu, memory = machine.measured(words)
    if status != 0:
        sys.exit(f"{' '.join(words)} ended with {status}:\n{text[-2000:]}")
    return text, wall, cpu, memory


def processes(workbench, name, arguments, seconds):
    """A run with real processes."""
    with tempfile.TemporaryDirectory() as store:
        words = [workbench, "test", "--store", store, *arguments.split()]
        text, _, cpu, _ = run(*words)
    messages = int(re.search(r":net \{:all \{[^}]*?:msg-count (\d+)", text)[1])
    nodes = sum(float(time) for time in re.findall(r":cpu-ms ([\d.]+)", text)) / 1000
    return [name, messages / seconds, (cpu - nodes) * 1e6 / messages, nodes * 1e6 / messages, (cpu - nodes) / seconds]


def saturated(bin):
    """Five echo nodes that are given all they take."""
    load = f"--node-count 5 --concurrency 100 --rate 1000000 --time-limit {SATURATED_SECONDS}"
    return f"-w echo --bin {bin}/maelstrom-echo {load}"


def recording(workbench, bin, pairs):
    """Saturated echo nodes without a record, with one as long as it is by itself, and with one of everything, in turn."""
    echo = saturated(bin)
    kinds = [("no record", 0), ("24 MiB, as by itself", 24), ("everything", 16384)]
    seen = [[processes(workbench, name, f"{echo} --record-limit {limit}", SATURATED_SECONDS)[1:3] for name, limit in kinds]
            for _ in range(pairs)]
    rows = []
    for place, (name, _) in enumerate(kinds):
        # Against the run without a record of the same round: the machine's speed drifts.
        costs = sorted((1 - round[place][0] / round[0][0]) * 100 for round in seen)
        rates, cpu = (sorted(round[place][figure] for round in seen) for figure in (0, 1))
        rows.append([name, rates[pairs // 2], cpu[pairs // 2], costs[pairs // 2], costs[0], costs[-1]])
    columns = [("record", None), ("messages/s", ",.0f"), ("bench CPU µs/message, report included", ".2f"), ("cost in %", ".1f"),
               ("at least", ".1f"), ("at most", ".1f")]
    return table(columns, rows)


def simulated(workbench, name, arguments, seeds=1):
    """A row of the simulator's table: messages, seconds of CPU (both a seed) and MB."""
    text, _, cpu, megabytes = run(workbench, "sim", *arguments.split())
    messages = int(re.search(r"(\d+) messages,", text)[1])
    return [name, messages // seeds, cpu / seeds, cpu * 1e6 / messages, megabytes]


def costs(bin):
    """What a workbench costs, by what it does: CPU ms a seed of a challenge, and CPU µs of the bench a network message."""
    workbench = os.path.join(bin, "workbench")
    seen = {}
    for name, arguments, seeds in SIMULATED:
        seen[f"{name} in the simulator, CPU ms/seed"] = simulated(workbench, name, arguments, seeds)[2] * 1000
    echo = processes(workbench, "echo", saturated(bin), SATURATED_SECONDS)
    seen["5 saturated echo nodes, bench CPU µs/message"] = echo[2]
    return seen


def against(base, name, bin, rounds):
    """Two workbenches in turn, each with its own nodes; who goes first alternates. Ratios are of one round."""
    pairs = []
    for number in range(rounds):
        progress(f"round {number + 1} of {rounds}")
        places = [(0, base), (1, bin)]
        seen = {place: costs(one) for place, one in (reversed(places) if number % 2 else places)}
        pairs.append((seen[0], seen[1]))
    rows = []
    for cost in pairs[0][0]:
        ratios = [ours[cost] / its[cost] for its, ours in pairs]
        middles = [statistics.median(pair[place][cost] for pair in pairs) for place in (0, 1)]
        rows.append([cost, *middles, statistics.median(ratios), f"{min(ratios):.2f} to {max(ratios):.2f}"])
    columns = [("cost", None), (name, ",.2f"), ("this", ",.2f"), ("ratio", ".2f"), (f"of {rounds} rounds", None)]
    return table(columns, rows)


def flood(nodes):
    rate = FLOOD_MESSAGES_PER_SECOND // nodes
    return (
        f"-w echo --node flood --node-count {nodes} --concurrency 25 --rate {rate} --time-limit {FLOOD_SECONDS} "
        "--latency 10 --seeds 1"
    )


def simulator(workbench):
    runs = [(f"flood, {nodes} nodes", flood(nodes)) for nodes in FLOOD_NODES]
    for nodes in BROADCAST_NODES:
        arguments = f"-w broadcast --node-count {nodes} --rate 100 --time-limit 20 --latency 100 --seeds 1"
        runs.append((f"broadcast, {nodes} nodes, 1,000 values", arguments))
    for nodes in KAFKA_NODES:
        arguments = f"-w kafka --node-count {nodes} --rate 1000 --time-limit 10 --seeds 1"
        runs.append((f"kafka, {nodes} nodes, 1,000 requests/s", arguments))
    rows = [simulated(workbench, "3d's run, each of 10 seeds", f"{CHALLENGE_3D} --seeds 1..10", seeds=10)]
    return rows + [simulated(workbench, name, arguments) for name, arguments in runs]


def everything(bin):
    """The two tables of `make bench-workbench`."""
    workbench = os.path.join(bin, "workbench")
    rows = [
        processes(workbench, "5 saturated echo nodes", saturated(bin), SATURATED_SECONDS),
        processes(workbench, "3d's run", f"{CHALLENGE_3D} --bin {bin}/maelstrom-broadcast", 30),
    ]
    columns = [
        ("processes", None),
        ("messages/s", ",.0f"),
        ("bench CPU µs/message", ".2f"),
        ("nodes CPU µs/message", ".2f"),
        ("bench, of a core", ".2f"),
    ]
    sections = {"workbench": table(columns, rows)}
    columns = [
        ("simulator", None),
        ("messages", ",d"),
        ("CPU s", ".3f"),
        ("CPU µs/message", ".2f"),
        ("MB at most", ".0f"),
    ]
    sections["simulator"] = table(columns, simulator(workbench))
    return sections


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True, help="the directory with the workbench and the nodes")
    parser.add_argument("--record", action="store_true", help="write the tables into the results")
    parser.add_argument("--recording", type=int, metavar="ROUNDS", help="only what the record of messages costs")
    parser.add_argument("--base", metavar="DIRECTORY", help="only a comparison with what is there: --bin of another commit")
    parser.add_argument("--name", default="base", help="what to call the base")
    parser.add_argument("--rounds", type=int, default=5, help="how often the two of a comparison take turns")
    arguments = parser.parse_args()
    if arguments.base:
        about = machine.about(ROOT, f"make bench-workbench BASE_BIN=<bin of {arguments.name}>")
        sections = {"against": against(arguments.base, arguments.name, arguments.bin, arguments.rounds)}
    elif arguments.recording:
        about = machine.about(ROOT, "make bench-recording")
        workbench = os.path.join(arguments.bin, "workbench")
        sections = {"recording": recording(workbench, arguments.bin, arguments.recording)}
    else:
        about = machine.about(ROOT, "make bench-workbench")
        sections = everything(arguments.bin)
    machine.finish(about)
    print(machine.sentence(about))
    for text in sections.values():
        print(f"\n{text}")
    if arguments.record:
        machine.record(sections, about)


if __name__ == "__main__":
    main()
