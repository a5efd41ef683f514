#!/usr/bin/env python3
"""`make perf`: a profile of a saturated node, as text (perf.txt) and as a flame graph (perf.svg)."""

import argparse
import collections
import os
import re
import shutil
import subprocess
import sys

import flame
import machine

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


def has_counters():
    """Virtual machines often have no hardware counters; then time is sampled by a clock."""
    done = subprocess.run(
        ["perf", "stat", "-x,", "-e", "cycles", "true"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return done.returncode == 0 and "not supported" not in done.stderr and "not counted" not in done.stderr


def samples(script):
    """Stacks with their counts, from `perf script`: a line for a sample, a line for each frame, an empty line."""
    counts = collections.Counter()
    stack = []
    for line in script.splitlines():
        frame = re.match(r"\s+[0-9a-f]+ (.+) \((.*)\)$", line)
        if frame:
            name = tidy(frame[1], frame[2])
            # Code without frame pointers, as in jansson, leaves addresses that belong to nothing, and repeats.
            if name and (not stack or stack[-1] != name):
                stack.append(name)
        elif not line.strip() and stack:
            counts[tuple(reversed(stack))] += 1
            stack = []
    if stack:
        counts[tuple(reversed(stack))] += 1
    return counts


def tidy(symbol, module):
    """A function's name, or its library's where there is none, or None where that is unknown too."""
    symbol = re.sub(r"\+0x[0-9a-f]+$", "", symbol)
    if symbol != "[unknown]":
        return symbol
    return None if module == "[unknown]" else os.path.basename(module)


def demangled(counts):
    """Swift's names as one reads them; without their module where that leaves no doubt."""
    names = sorted({name for stack in counts for name in stack})
    tool = shutil.which("swift-demangle") or shutil.which("swift")
    if not tool:
        return counts
    words = [tool, "--simplified"] if tool.endswith("demangle") else [tool, "demangle", "--simplified"]
    said = subprocess.run(words, input="\n".join(names), stdout=subprocess.PIPE, text=True).stdout.splitlines()
    if len(said) != len(names):
        return counts
    readable = dict(zip(names, said))
    result = collections.Counter()
    for stack, count in counts.items():
        result[tuple(readable[name] for name in stack)] += count
    return result


def report(counts, title):
    """Two columns for each function: its own share, and that of all it calls."""
    total = sum(counts.values())
    own, whole = collections.Counter(), collections.Counter()
    for stack, count in counts.items():
        own[stack[-1]] += count
        for name in set(stack):
            whole[name] += count
    lines = [f"{title}: {total:,} samples", "", "   own   with callees"]
    for name, count in own.most_common(60):
        lines.append(f"{100 * count / total:5.1f} %  {100 * whole[name] / total:5.1f} %  {name}")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="folder with pipe/driver; the profile goes there")
    parser.add_argument("--glomer", default=os.path.join(ROOT, "bin", "glomer"))
    parser.add_argument("--node", default="echo")
    parser.add_argument("--traffic", help="if it is not the node's own")
    parser.add_argument("--count", type=int, default=2_000_000)
    options = parser.parse_args()
    if not shutil.which("perf"):
        print("perf: skipped, because there is no perf here (Debian: apt-get install linux-perf)")
        return
    event = "cycles" if has_counters() else "cpu-clock"
    data = os.path.join(options.build, "perf.data")
    driver = os.path.join(options.build, "pipe", "driver")
    # The driver starts perf, which becomes the parent of the node: only the node is sampled.
    done = subprocess.run(
        [driver, "stream", options.traffic or options.node, str(options.count), "0", "--", "perf", "record", "-q",
         "-e", event, "-F", "1999", "--call-graph", "fp", "-o", data, "--", options.glomer, options.node],
        stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit("perf: the node did not get through the load")
    script = subprocess.run(
        ["perf", "script", "-i", data, "-F", "ip,sym,dso"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        check=True)
    counts = demangled(samples(script.stdout))
    if not counts:
        sys.exit("perf: no samples; may this user sample (kernel.perf_event_paranoid)?")
    about = machine.about(ROOT, f"make perf NODE={options.node}")
    title = f"glomer {options.node} under load, {event}, commit {about['commit']}"
    text = report(counts, title)
    with open(os.path.join(options.build, "perf.txt"), "w") as file:
        file.write(text)
    with open(os.path.join(options.build, "perf.svg"), "w") as file:
        file.write(flame.draw(counts.items(), title))
    print("\n".join(text.splitlines()[:30]))
    print(f"\nAll of it: {os.path.relpath(options.build)}/perf.txt; the flame graph: perf.svg beside it")


if __name__ == "__main__":
    main()
