#!/usr/bin/env python3
"""Whether any program does in virtual time what it does as a process: the same seeds under `workbench test` and under
`workbench sim --bin`, verdicts and messages an operation compared. Prints a row of a table.

  bench/parity.py [--workbench bin/workbench] [--runs 5] NAME -- -w broadcast --bin ./node.py --node-count 5 ...
"""

import argparse
import glob
import json
import os
import subprocess
import sys
import tempfile


def run(words, node, store):
    """The verdict of a run, and its messages an operation: all, and those between servers."""
    done = subprocess.run([*words, "--store", store, *node], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = glob.glob(os.path.join(store, "*", "*", "results.json")) + glob.glob(os.path.join(store, "latest", "results.json"))
    if not found:
        sys.exit(f"{' '.join(words)}: {done.stdout[-2000:]}")
    with open(found[0]) as file:
        results = json.load(file)
    net = results.get("net", {})
    return str(results["valid?"]), net["all"].get("msgs-per-op") or 0, net["servers"].get("msgs-per-op") or 0


def mean(numbers):
    return sum(numbers) / len(numbers)


def main():
    place = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workbench", default="bin/workbench")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("name")
    arguments = parser.parse_args(sys.argv[1:place])
    options = sys.argv[place + 1 :]
    # Words for the node stay last.
    end = options.index("--") if "--" in options else len(options)
    options, node = options[:end], options[end:]
    real, virtual = [], []
    for seed in range(1, arguments.runs + 1):
        with tempfile.TemporaryDirectory() as store:
            real.append(run([arguments.workbench, "test", *options, "--seed", str(seed)], node, store))
        with tempfile.TemporaryDirectory() as store:
            virtual.append(run([arguments.workbench, "sim", *options, "--seeds", str(seed), "--record"], node, store))
        print(f"{arguments.name} seed {seed}: {real[-1]} {virtual[-1]}", file=sys.stderr, flush=True)
    verdicts = [" ".join(sorted({one[0] for one in side})) for side in (real, virtual)]
    cells = [arguments.name, " / ".join(verdicts)]
    for place in (1, 2):
        pair = [mean([one[place] for one in side]) for side in (real, virtual)]
        difference = 100 * (pair[1] / pair[0] - 1) if pair[0] else 0
        cells.append(f"{pair[0]:.2f} / {pair[1]:.2f} ({difference:+.1f} %)")
    print("| " + " | ".join(cells) + " |", flush=True)


main()
