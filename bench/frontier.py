#!/usr/bin/env python3
"""`make broadcast-frontier`: messages per operation against latency, in the simulator, as tables and a picture.

25 nodes, 100 ms between servers, 100 operations a second: challenges 3d and 3e; and the same with 1,000 nodes.

The least that any design needs: a value that is broadcast at one node is to be at N - 1 others within W. Of values that
are broadcast W apart none can travel in a message that was received before it was broadcast, so that in each time W
every node but one has to receive a message. That is (N - 1) / W messages a second, for 100 operations a second.
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
BUDGETS = {
    25: [
        110, 150, 200, 250, 280, 300, 350, 400, 450, 500, 600, 700, 800, 1000, 1250, 1500, 1750, 2000, 2500, 3000,
        4000, 5000,
    ],
    1000: [400, 600, 1000, 2000, 5000],
}
SEEDS = {25: 3, 1000: 1}
COLOURS = {25: "#c8451b", 1000: "#3b7a3e"}
# The best figures that others have published, at the limit within which they were reached.
PUBLISHED = [("3d's limits, best published", 0.6, 8.31), ("3e's limits, best published", 2.0, 1.99)]


def bound(nodes, seconds):
    return (nodes - 1) / 100 / seconds


def sweep(program, nodes, seeds, budgets):
    """Results by budget, a list with one run for each seed."""
    runs = {}
    words = [program, str(nodes), str(seeds), *map(str, budgets)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            run = json.loads(line)
            if run["results"]["valid?"] is not True:
                sys.exit(f"frontier: {nodes} nodes, budget {run['budget_ms']} ms, seed {run['seed']}: not valid")
            runs.setdefault(run["budget_ms"], []).append(figures(run["results"]))
            print(f"frontier: {nodes} nodes, {run['budget_ms']} ms, seed {run['seed']}", file=sys.stderr)
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


def points_table(nodes, points):
    rows = []
    for point in points:
        least = bound(nodes, point["visible_max"] / 1000)
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


def draw(curves, about):
    plot = Plot(
        title="Broadcast: messages against latency",
        subtitle=f"100 ms between servers, 100 operations/s; simulated at commit {about['commit']}",
        x_label="time until the slowest value is at every node, seconds",
        y_label="messages between servers per operation",
        x_range=(0.1, 6),
        y_range=(0.03, 1500),
        x_ticks=[0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1, 1.5, 2, 3, 4, 6],
        y_ticks=[0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
    )
    for nodes, points in curves.items():
        least = [(x / 10, bound(nodes, x / 10)) for x in range(1, 61)]
        plot.line(least, "#8a8a8a", f"lower bound {(nodes - 1) / 100:g} / W", dashed=True)
        measured = [(p["visible_max"] / 1000, p["messages"]) for p in points]
        plot.line(measured, COLOURS.get(nodes, "#222222"), f"{nodes} nodes", dots=True)
    for name, seconds, messages in PUBLISHED:
        plot.mark(seconds, messages, "#2f5d8a", f"{name}: {messages}")
    return plot.svg()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="the built Frontier")
    parser.add_argument("--nodes", type=int, action="append", help="may be repeated")
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--budget", type=int, action="append", help="milliseconds; may be repeated")
    parser.add_argument("--picture", default=os.path.join(HERE, "frontier.svg"))
    parser.add_argument("--record", action="store_true", help="put the table into the results")
    options = parser.parse_args()
    about = machine.about(ROOT, "make broadcast-frontier")
    curves, texts = {}, []
    for nodes in options.nodes or BUDGETS:
        seeds = options.seeds or SEEDS.get(nodes, 1)
        budgets = options.budget or BUDGETS.get(nodes, BUDGETS[1000])
        curves[nodes] = summary(sweep(options.program, nodes, seeds, budgets))
        texts.append(f"{nodes} nodes:\n\n{points_table(nodes, curves[nodes])}")
        print(texts[-1], end="\n\n")
    with open(options.picture, "w") as file:
        file.write(draw(curves, about))
    print(f"The picture: {os.path.relpath(options.picture)}")
    if options.record:
        machine.record({"frontier": "\n\n".join(texts)}, about)


if __name__ == "__main__":
    main()
