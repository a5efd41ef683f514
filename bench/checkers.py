#!/usr/bin/env python3
"""`make bench-checkers`: what a verdict costs, by the length of the history: `workbench check` of histories that
histories.py makes. CPU, wall time and memory are those of the whole command, reading the file included.

Elle and Porcupine are not run here: they can judge the same files, which `histories.py` writes.
"""

import argparse
import os
import sys
import tempfile

import histories
import machine
from tables import table

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
LISTS = [10_000, 30_000, 100_000, 300_000, 1_000_000]
REGISTERS = [(20_000, False), (200_000, False), (200_000, True)]


def row(workbench, name, made, workload, wanted):
    with tempfile.NamedTemporaryFile("w", suffix=".edn", delete=False) as file:
        histories.write(made, file)
    try:
        megabytes = os.path.getsize(file.name) / 1e6
        status, text, wall, cpu, memory = machine.measured([workbench, "check", file.name, "-w", workload])
    finally:
        os.unlink(file.name)
    verdict = {0: "valid", 1: "invalid", 2: "unknown"}.get(status)
    if verdict is None:
        sys.exit(f"{name}: ended with {status}\n{text[-2000:]}")
    if verdict != wanted:
        print(f"{name}: {verdict}, where {wanted} is right", file=sys.stderr)
    print(f"{name}: {verdict}, {cpu:.2f} s", file=sys.stderr)
    return [name, megabytes, verdict, cpu, wall, memory]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, help="the directory with the workbench")
    parser.add_argument("--most", type=int, default=LISTS[-1], help="the longest list-append history, in transactions")
    parser.add_argument("--record", action="store_true", help="write the table into the results")
    arguments = parser.parse_args()
    about = machine.about(ROOT, "make bench-checkers")
    workbench = os.path.join(arguments.bin, "workbench")
    rows = []
    for count, stray in REGISTERS:
        name = f"registers, {count:,} operations" + (", one value that nobody wrote" if stray else "")
        made = histories.registers(count, stray)
        rows.append(row(workbench, name, made, "lin-kv", "invalid" if stray else "valid"))
    for count in LISTS:
        if count <= arguments.most:
            rows.append(row(workbench, f"lists, {count:,} transactions", histories.lists(count), "txn-list-append", "valid"))
    columns = [
        ("history", None), ("MB", ",.1f"), ("verdict", None), ("CPU s", ".2f"), ("wall s", ".2f"), ("MB at most", ",.0f"),
    ]
    sections = {"checkers": table(columns, rows)}
    machine.finish(about)
    print(machine.sentence(about))
    print(f"\n{sections['checkers']}")
    if arguments.record:
        machine.record(sections, about)


if __name__ == "__main__":
    main()
