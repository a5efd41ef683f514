#!/usr/bin/env python3
"""`make instructions` and `make mallocs`: what a message costs, in counts that no other load on the machine shifts.

A node gets N1 requests and then, in another process, N2 of them; the difference, divided by N2 - N1, is what one
costs in the steady state. `budgets.json` holds the most that each may cost.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import machine
from tables import table

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BUDGETS = os.path.join(HERE, "budgets.json")

# What is measured: node, traffic.
SUBJECTS = [
    ("echo", "echo"),
    ("unique-ids", "unique-ids"),
    ("broadcast", "broadcast"),
    ("kafka", "kafka"),
    ("kafka", "sends"),
    ("lin-kv", "writes"),
]

# A machine with much else to do holds callgrind up for seconds, and a node leaves unanswered what came while it stood still.
PATIENCE = "--client-patience"

# So many requests are under way: a node on Raft refuses more than 4,096.
AT_ONCE = 4000


def feed(command, requests, count, environment=None):
    """Runs a node on a file of requests, through a pipe as Maelstrom has it, until it has answered. Returns what it printed."""
    with open(requests, "rb") as file, tempfile.TemporaryFile() as errors:
        node = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env={**os.environ, **(environment or {})})
        # Whatever it waits for then: the count of its replies tells.
        watchdog = threading.Timer(300, node.kill)
        watchdog.start()
        node.stdin.write(file.readline())
        node.stdin.flush()
        lines = [node.stdout.readline()]
        # A node that elects a leader has one by then, even under callgrind.
        time.sleep(0.3)
        rest = file.readlines()
        for start in range(0, count, AT_ONCE):
            part = rest[start:start + AT_ONCE]
            writer = threading.Thread(target=lambda: (node.stdin.write(b"".join(part)), node.stdin.flush()))
            writer.start()
            due = len(lines) + len(part)
            while len(lines) < due and (line := node.stdout.readline()):
                lines.append(line)
            writer.join()
        # It ends with its input.
        node.stdin.close()
        lines += node.stdout.readlines()
        node.wait()
        watchdog.cancel()
        errors.seek(0)
        said = errors.read().decode(errors="replace")
    if node.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {node.returncode}:\n{said}")
    return b"".join(lines)


def check_replies(replies, count, name):
    """One reply to each request and one to init, none of them an error: or the count would mean nothing."""
    lines = replies.count(b"\n")
    if lines != count + 1 or b'"type":"error"' in replies.replace(b" ", b""):
        sys.exit(f"{name}: {lines} replies to {count + 1} requests, or errors among them")


def patience(glomer, node):
    """The option that keeps a node from that; of an older commit none may be known."""
    usage = subprocess.run([glomer, node, "--help"], capture_output=True, text=True).stdout
    return [PATIENCE, "3600s"] if PATIENCE in usage else []


def stripped(glomer, build):
    """valgrind 3.19 can't read Swift's debug information."""
    binary = os.path.join(build, "glomer-stripped")
    subprocess.run(["strip", "-g", "-o", binary, glomer], check=True)
    return binary


def instructions_a_request(glomer, node, traffic, build, environment=None):
    binary = stripped(glomer, build)
    return per_request(
        lambda requests, count: instructions(binary, node, requests, count, environment or {}),
        os.path.join(build, "pipe", "driver"), traffic, (1000, 3000))


def mallocs_a_request(glomer, node, traffic, build, environment=None):
    counter = os.path.join(build, "pipe", "mallocs.so")
    return per_request(
        lambda requests, count: mallocs(glomer, node, requests, count, environment or {}, counter),
        os.path.join(build, "pipe", "driver"), traffic, (10000, 60000))


def instructions(binary, node, requests, count, environment):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "callgrind.out")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", binary, node, *patience(binary, node)]
        check_replies(feed(command, requests, count, environment), count, node)
        with open(out) as file:
            for line in file:
                found = re.match(r"(?:summary|totals): (\d+)", line)
                if found:
                    return int(found[1])
    sys.exit("callgrind wrote no total")


def mallocs(binary, node, requests, count, environment, counter):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "mallocs")
        preloaded = {**environment, "LD_PRELOAD": counter, "GLOMERS_MALLOCS": out}
        check_replies(feed([binary, node, *patience(binary, node)], requests, count, preloaded), count, node)
        if not os.path.exists(out):
            sys.exit("nothing was counted: a static executable takes no LD_PRELOAD, so build a dynamic one")
        with open(out) as file:
            return int(file.read().split()[0])


def per_request(measure, driver, traffic, counts):
    totals = []
    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            requests = os.path.join(folder, "requests")
            with open(requests, "w") as file:
                subprocess.run([driver, "emit", traffic, str(count)], stdout=file, check=True)
            totals.append(measure(requests, count))
    # A handful fewer in the longer run is chance.
    return max(0.0, (totals[1] - totals[0]) / (counts[1] - counts[0]))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["instructions", "mallocs"])
    parser.add_argument("--build", required=True, help="folder with pipe/driver and pipe/mallocs.so")
    parser.add_argument("--glomer", default=os.path.join(ROOT, "bin", "glomer"))
    parser.add_argument("--record", action="store_true", help="put the table into the results")
    options = parser.parse_args()
    if options.what == "instructions" and not shutil.which("valgrind"):
        print("instructions: skipped, because there is no valgrind here (Debian: apt-get install valgrind)")
        return

    measure = instructions_a_request if options.what == "instructions" else mallocs_a_request
    with open(BUDGETS) as file:
        budgets = json.load(file)[options.what]
    nodes = subprocess.run([options.glomer, "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()

    rows, excesses = [], []
    for node, traffic in SUBJECTS:
        if node not in nodes:
            print(f"{options.what}: skipping {node}: glomer has no such node")
            continue
        costs = [measure(options.glomer, node, traffic, options.build)]
        costs.append(measure(options.glomer, node, traffic, options.build, {"GLOMERS_JSON": "jansson"}))
        budget = budgets.get(traffic)
        if budget is None:
            excesses.append(f"{traffic} has no budget in {os.path.relpath(BUDGETS)}")
        elif costs[0] > budget:
            excesses.append(f"{traffic} costs {costs[0]:,.2f}, and its budget is {budget:,}")
        rows.append([f"{node}: {traffic}", costs[0], budget, costs[1]])
    form = ",.0f" if options.what == "instructions" else ",.3f"
    columns = [
        (f"{options.what} a request", None), ("measured", form), ("budget", ","), ("GLOMERS_JSON=jansson", form)]
    text = table(columns, rows)
    print(text)
    if options.record:
        machine.record({options.what: text}, machine.about(ROOT, f"make {options.what}"))
    for excess in excesses:
        print(f"{options.what}: {excess}", file=sys.stderr)
    if excesses:
        sys.exit(1)


if __name__ == "__main__":
    main()
