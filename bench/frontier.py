#!/usr/bin/env python3
"""`make broadcast-frontier`: messages per operation against latency, in the simulator, as a table and a picture.

25 nodes, 100 ms between servers, 100 operations a second: challenges 3d and 3e. While values keep coming, every node
has to hear something within each time W in which a value is to be everywhere: 25 / W messages a second, for 100
operations a second. So 0.25 / W messages an operation is the least that any design could need.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

import machine
from plot import Plot
from tables import table

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BUDGETS = [300, 350, 400, 450, 500, 600, 700, 800, 1000, 1250, 1500, 1750, 2000, 2500, 3000, 4000, 5000]
# The best figures that others have published, at the limit within which they were reached.
PUBLISHED = [("3d's limits, best published", 0.6, 8.31), ("3e's limits, best published", 2.0, 1.99)]


def bound(seconds):
    return 0.25 / seconds


def sweep(program, seeds, budgets):
    """Results by budget, a list with one run for each seed."""
    runs = {}
    words = [program, str(seeds), *map(str, budgets)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            run = json.loads(line)
            if run["results"]["valid?"] is not True:
                sys.exit(f"frontier: budget {run['budget_ms']} ms, seed {run['seed']}: not valid")
            runs.setdefault(run["budget_ms"], []).append(figures(run["results"]))
            print(f"frontier: {run['budget_ms']} ms, seed {run['seed']}", file=sys.stderr)
    if process.returncode != 0:
        sys.exit("frontier: the simulation failed")
    return runs


def figures(results):
    stable = results["workload"]["stable-latencies"]
    visible = results["workbench"]["visibility"]["latencies"]
    return {
        "messages": results["net"]["servers"]["msgs-per-op"],
        "stable_p50": stable["0.5"],
        "stable_max": stable["1"],
        "visible_p50": visible["0.5"],
        "visible_max": visible["1"],
    }


def summary(runs):
    """The mean over the seeds, but of what is a maximum the maximum."""
    points = []
    for budget, its in sorted(runs.items()):
        point = {"budget": budget}
        for key in its[0]:
            fold = max if key.endswith("max") else statistics.mean
            point[key] = fold(run[key] for run in its)
        points.append(point)
    return points


def points_table(points):
    rows = []
    for point in points:
        least = bound(point["visible_max"] / 1000)
        rows.append(
            [
                point["budget"], point["messages"], least, point["messages"] / least, point["stable_p50"],
                point["stable_max"], point["visible_p50"], point["visible_max"],
            ]
        )
    return table(
        [
            ("latency budget ms", "d"),
            ("server msgs/op", ".3f"),
            ("least possible", ".3f"),
            ("of that", ".2f"),
            ("stable p50 ms", ".0f"),
            ("stable max ms", ".0f"),
            ("everywhere p50 ms", ".0f"),
            ("everywhere max ms", ".0f"),
        ],
        rows,
    )


def draw(points, about):
    plot = Plot(
        title="Broadcast: messages against latency",
        subtitle=f"25 nodes, 100 ms between servers, 100 operations/s; simulated at commit {about['commit']}",
        x_label="time until the slowest value is at every node, seconds",
        y_label="messages between servers per operation",
        x_range=(0.2, 6),
        y_range=(0.03, 12),
        x_ticks=[0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 4, 6],
        y_ticks=[0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 3, 5, 8],
    )
    plot.line([(x / 10, bound(x / 10)) for x in range(2, 61)], "#8a8a8a", "lower bound 0.25 / W", dashed=True)
    plot.line([(p["visible_max"] / 1000, p["messages"]) for p in points], "#c8451b", "glomer broadcast", dots=True)
    for name, seconds, messages in PUBLISHED:
        plot.mark(seconds, messages, "#2f5d8a", f"{name}: {messages}")
    return plot.svg()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="the built Frontier")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budget", type=int, action="append", help="milliseconds; may be repeated")
    parser.add_argument("--picture", default=os.path.join(HERE, "frontier.svg"))
    parser.add_argument("--record", action="store_true", help="put the table into RESULTS.md")
    options = parser.parse_args()
    about = machine.about(ROOT, "make broadcast-frontier")
    points = summary(sweep(options.program, options.seeds, options.budget or BUDGETS))
    text = points_table(points)
    print(text)
    with open(options.picture, "w") as file:
        file.write(draw(points, about))
    print(f"The picture: {os.path.relpath(options.picture)}")
    if options.record:
        machine.record({"frontier": text}, about)


if __name__ == "__main__":
    main()
