#!/usr/bin/env python3
"""`make bench-checkers`: what a verdict costs, by the length of the history: `workbench check` of histories that
histories.py makes. CPU, wall time and memory are those of the whole command, reading the file included.

Elle and Porcupine are not run here: they can judge the same files, which `histories.py` writes. With --base another
commit's workbench judges each of them, too.
"""

import argparse
import os
import subprocess
import sys
import tempfile

import machine
from tables import table

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
LISTS = [10_000, 30_000, 100_000, 300_000, 1_000_000]
REGISTERS = [(20_000, False), (200_000, False), (200_000, True)]


def judged(workbench, name, path, workload):
    """Verdict, seconds of CPU and wall time, and MB."""
    status, text, wall, cpu, memory = machine.measured([workbench, "check", path, "-w", workload])
    verdict = {0: "valid", 1: "invalid", 2: "unknown"}.get(status)
    if verdict is None:
        sys.exit(f"{name}: ended with {status}\n{text[-2000:]}")
    return [verdict, cpu, wall, memory]


def row(workbench, base, name, words, workload, wanted):
    with tempfile.NamedTemporaryFile("w", suffix=".edn", delete=False) as file:
        # By a process of its own: what this one has needed would count as memory of those that it starts.
        subprocess.run([sys.executable, os.path.join(HERE, "histories.py"), *words], stdout=file, check=True)
    try:
        megabytes = os.path.getsize(file.name) / 1e6
        before = [judged(os.path.join(base, "workbench"), name, file.name, workload)] if base else []
        ours = judged(workbench, name, file.name, workload)
    finally:
        os.unlink(file.name)
    if ours[0] != wanted:
        print(f"{name}: {ours[0]}, where {wanted} is right", file=sys.stderr)
    print(f"{name}: {ours[0]}, {ours[1]:.2f} s", file=sys.stderr)
    shares = [ours[1] / verdict[1] for verdict in before]
    return [name, megabytes, *(cell for verdict in before for cell in (verdict[0], verdict[1], verdict[3])), *ours, *shares]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", required=True, help="the directory with the workbench")
    parser.add_argument("--most", type=int, default=LISTS[-1], help="the longest list-append history, in transactions")
    parser.add_argument("--base", metavar="DIRECTORY", help="another commit's bin, to compare with")
    parser.add_argument("--name", default="base", help="what to call it")
    parser.add_argument("--record", action="store_true", help="write the table into the results")
    arguments = parser.parse_args()
    about = machine.about(ROOT, "make bench-checkers")
    workbench = os.path.join(arguments.bin, "workbench")
    rows = []
    for count, stray in REGISTERS:
        name = f"registers, {count:,} operations" + (", one value that nobody wrote" if stray else "")
        words = ["registers", str(count)] + ["--stray"] * stray
        rows.append(row(workbench, arguments.base, name, words, "lin-kv", "invalid" if stray else "valid"))
    for count in LISTS:
        if count <= arguments.most:
            words = ["lists", str(count)]
            rows.append(row(workbench, arguments.base, f"lists, {count:,} transactions", words, "txn-list-append", "valid"))
    name = arguments.name
    of_base = [(f"{name}: verdict", None), ("CPU s", ".2f"), ("MB", ",.0f")] if arguments.base else []
    share = [("of its CPU", ".2f")] if arguments.base else []
    columns = [
        ("history", None), ("MB", ",.1f"), *of_base, ("verdict", None), ("CPU s", ".2f"), ("wall s", ".2f"),
        ("MB at most", ",.0f"), *share,
    ]
    sections = {"checkers": table(columns, rows)}
    machine.finish(about)
    print(machine.sentence(about))
    print(f"\n{sections['checkers']}")
    if arguments.record:
        machine.record(sections, about)


if __name__ == "__main__":
    main()
