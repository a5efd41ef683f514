#!/usr/bin/env python3
"""`make bench`: pipes, growth and microbenchmarks, as tables and as JSON.

Everything that is compared runs in the same rounds, one after the other, and ratios are taken within a round: so a
slow moment of the machine hits both sides of a ratio.
"""

import argparse
import json
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile

import machine
from tables import table

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)


class Contestant:
    """One row of the table of pipes."""

    def __init__(self, name, command, environment=None, traffic="echo", spawns=30):
        self.name = name
        self.command = command
        self.environment = dict(environment or {})
        self.traffic = traffic
        self.spawns = spawns


class Driver:
    def __init__(self, folder):
        self.folder = folder
        self.path = os.path.join(folder, "driver")

    def run(self, words, contestant, on_one_core=False):
        """The driver's figures, or None, with its reason on stderr, when the node did not do."""
        done = subprocess.run(
            [self.path, *map(str, words), "--", *contestant.command],
            env={**os.environ, **contestant.environment},
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=stay_on_one_core if on_one_core else None,
        )
        if done.returncode == 0:
            return json.loads(done.stdout)
        print(f"bench: {contestant.name}: {' '.join(map(str, words))} failed", file=sys.stderr)
        return None


def stay_on_one_core():
    """Binds the driver and its node to one core, where the system can do that (Linux)."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def progress(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def known_nodes(glomer):
    done = subprocess.run([glomer, "--list"], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.split()


# --- Echo: against the pipe, the byte copy, and peers -----------------------------------------------------------------


def echo_contestants(options, folder):
    ours = [options.glomer, "echo"]
    contestants = [
        Contestant("cat (the pipe)", ["cat"], traffic="raw"),
        Contestant("C, bytes copied, no JSON", [os.path.join(folder, "copy")]),
        Contestant("glomer echo", ours),
        Contestant("glomer echo, GLOMERS_JSON=jansson", ours, {"GLOMERS_JSON": "jansson"}),
    ]
    for peer in options.peer:
        # Whatever it is, it may take a second to start.
        contestants.append(Contestant(peer, shlex.split(peer), spawns=5))
    return contestants


def measure_echo(driver, contestants, options):
    """For each contestant a list with one set of figures a round."""
    rounds = {contestant.name: [] for contestant in contestants}
    for number in range(options.rounds):
        progress(f"echo, round {number + 1} of {options.rounds}")
        for contestant in contestants:
            rounds[contestant.name].append(measure_one_echo(driver, contestant, options))
    return rounds


def measure_one_echo(driver, contestant, options):
    figures = {}
    # A short run tells how many messages make a run of a good second.
    trial = driver.run(["stream", contestant.traffic, 20000, 0], contestant)
    if not trial:
        return figures
    count = max(20000, min(int(trial["per_second"] * options.seconds), 20_000_000))
    figures["stream"] = driver.run(["stream", contestant.traffic, count, 0], contestant)
    figures["few"] = driver.run(["stream", contestant.traffic, max(10000, count // 4), 16], contestant)
    trips = max(500, min(20000, int(trial["per_second"])))
    # From core to core most of a round trip is the machine waking up a core that sleeps.
    figures["pingpong"] = driver.run(["pingpong", contestant.traffic, trips], contestant, on_one_core=True)
    figures["pingpong_unpinned"] = driver.run(["pingpong", contestant.traffic, trips], contestant)
    if contestant.traffic != "raw":
        figures["spawn"] = driver.run(["spawn", contestant.spawns], contestant)
    return figures


def middle(rounds, part, key):
    """The median over the rounds, or None."""
    values = [r[part][key] for r in rounds if r.get(part)]
    return statistics.median(values) if values else None


def ratio(rounds, name, base):
    """The median of the ratios of streaming rates within each round."""
    ratios = [
        mine["stream"]["per_second"] / its["stream"]["per_second"]
        for mine, its in zip(rounds[name], rounds[base])
        if mine.get("stream") and its.get("stream")
    ]
    return statistics.median(ratios) if ratios else None


def echo_table(rounds, contestants):
    copy = contestants[1].name
    rows = []
    for contestant in contestants:
        its = rounds[contestant.name]
        rates = [r["stream"]["per_second"] for r in its if r.get("stream")]
        spread = f"{min(rates) / 1e3:,.0f} to {max(rates) / 1e3:,.0f}" if rates else None
        rows.append(
            [
                contestant.name,
                (middle(its, "stream", "per_second") or 0) / 1e3 or None,
                spread,
                ratio(rounds, contestant.name, copy),
                middle(its, "stream", "cpu_us"),
                (middle(its, "few", "per_second") or 0) / 1e3 or None,
                middle(its, "pingpong", "p50_us"),
                middle(its, "pingpong", "p99_us"),
                middle(its, "pingpong_unpinned", "p50_us"),
                middle(its, "spawn", "p50_ms"),
                middle(its, "spawn", "resident_mb"),
            ]
        )
    return table(
        [
            ("echo", None),
            ("1,000 msgs/s", ",.0f"),
            ("rounds", None),
            ("of the byte copy", ".3f"),
            ("CPU µs/msg", ".3f"),
            ("16 at a time, 1,000/s", ",.0f"),
            ("ping-pong on one core, p50 µs", ".1f"),
            ("p99 µs", ".1f"),
            ("on any core, p50 µs", ".1f"),
            ("spawn to init_ok ms", ".2f"),
            ("resident MB", ".1f"),
        ],
        rows,
    )


# --- Other workloads ---------------------------------------------------------------------------------------------------

WORKLOADS = [
    # node, traffic, requests, what it is
    ("unique-ids", "unique-ids", 500_000, "generate"),
    ("broadcast", "broadcast", 100_000, "broadcasts of new values, one read of all in 1,000"),
    ("kafka", "kafka", 300_000, "5c's mix, polls at the end of the log, 64 under way"),
]

# What each is measured with: what the table says of it, the environment, and whether it is given a data directory.
WAYS = [
    ("", {}, False),
    ("GLOMERS_JSON=jansson", {"GLOMERS_JSON": "jansson"}, False),
    ("--data-dir", {"GLOMERS_SYNC": "fdatasync"}, True),
    ("--data-dir, --sync write", {"GLOMERS_SYNC": "write"}, True),
]


def measure_workloads(driver, options, nodes):
    results = {}
    for node, traffic, count, _ in WORKLOADS:
        if node not in nodes:
            progress(f"skipping {node}: glomer has no such node")
            continue
        for way, environment, is_stored in WAYS:
            progress(f"{node} {way}")
            words = ["stream", traffic, count, 0]
            results[f"{node} {way}"] = [
                run_workload(driver, words, Contestant(node, [options.glomer, node], environment), is_stored)
                for _ in range(options.rounds)
            ]
    return results


def run_workload(driver, words, contestant, is_stored, on_one_core=False):
    if not is_stored:
        return driver.run(words, contestant, on_one_core)
    with tempfile.TemporaryDirectory(dir=driver.folder) as folder:
        contestant.environment["GLOMERS_DATA_DIR"] = folder
        return driver.run(words, contestant, on_one_core)


def workloads_table(results):
    rows = []
    for node, _, count, what in WORKLOADS:
        for way, _, _ in WAYS:
            runs = [run for run in results.get(f"{node} {way}", []) if run]
            if not runs:
                continue
            name = f"{node}, {way}" if way else f"{node}: {what}"
            rows.append(
                [
                    name,
                    count,
                    statistics.median(run["per_second"] for run in runs) / 1e3,
                    statistics.median(run["cpu_us"] for run in runs),
                    statistics.median(run["peak_mb"] for run in runs),
                ]
            )
    return table(
        [
            ("workload", None),
            ("requests", ",d"),
            ("1,000 requests/s", ",.0f"),
            ("CPU µs/request", ".2f"),
            ("peak MB", ".1f"),
        ],
        rows,
    )


# --- Growth ------------------------------------------------------------------------------------------------------------

GROWING = [("broadcast", "values", "read of all"), ("kafka", "sends", "poll of the last 10")]


def measure_growth(driver, options, nodes):
    results = {}
    for node, traffic, _ in GROWING:
        if node not in nodes:
            progress(f"skipping the growth of {node}: glomer has no such node")
            continue
        progress(f"growth of {node} to {options.growth:,}")
        curve = driver.run(["growth", traffic, options.growth], Contestant(node, [options.glomer, node]))
        if curve:
            results[node] = curve
    return results


def growth_table(results):
    rows = []
    for node, _, read in GROWING:
        for point in results.get(node, []):
            rows.append(
                [
                    f"{node}: {read}",
                    point["values"],
                    point["store_cpu_us"],
                    point["bytes_per_value"],
                    point["read_cpu_ms"],
                    point["read_bytes"] / 1e3,
                    point["read_cpu_ms"] * 1e6 / point["read_bytes"],
                ]
            )
    return table(
        [
            ("growth", None),
            ("values", ",d"),
            ("CPU µs to store one", ".2f"),
            ("resident bytes/value", ",.0f"),
            ("CPU ms/read", ",.3f"),
            ("reply kB", ",.1f"),
            ("CPU ns/reply byte", ".2f"),
        ],
        rows,
    )


# --- Microbenchmarks ---------------------------------------------------------------------------------------------------


# Steps that are timed one by one; of all others a sample is a thousand (Configuration.swift).
LARGE = re.compile("nested|_ok_of_")


def measure_micro(options):
    """Nanoseconds by benchmark and by way of doing it, from the benchmark library's export."""
    results = {}
    suites = [("Codec", "fast", {}), ("Codec", "jansson", {"GLOMERS_JSON": "jansson"}), ("Jansson", "plain", {})]
    for suite, way, environment in suites:
        progress(f"microbenchmarks: {suite}, {way}")
        folder = os.path.join(options.build, "micro", way)
        os.makedirs(folder, exist_ok=True)
        tool = [
            os.path.join(options.products, "BenchmarkTool"), "--command", "run", "--quiet", "--no-progress",
            "--baseline-storage-path", folder, "--format", "jmh", "--grouping", "benchmark", "--path", folder,
            "--targets", suite, "--benchmark-executable-paths", os.path.join(options.products, suite),
        ]
        done = subprocess.run(
            tool, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            sys.exit(f"bench: the microbenchmarks failed:\n{done.stdout}")
        for file in os.listdir(folder):
            if file.endswith(".json"):
                with open(os.path.join(folder, file)) as exported:
                    for element in json.load(exported):
                        results.setdefault(micro_name(element), {})[way] = nanoseconds(element)
    return results


def micro_name(element):
    """The export has the package, the suite and the name, with lines for spaces."""
    return element["benchmark"].split(".", 3)[-1].replace("_", " ").replace(" ok", "_ok")


def nanoseconds(element):
    """The median over the samples. The export does not say what a sample is: see LARGE."""
    metric = element["secondaryMetrics"]["Time (wall clock)"]
    units = {"ns": 1, "μs": 1e3, "ms": 1e6, "s": 1e9}
    return metric["scorePercentiles"]["50.0"] * units[metric["scoreUnit"]] / (1 if LARGE.search(element["benchmark"]) else 1000)


def micro_table(results):
    rows = [[name, ways.get("fast"), ways.get("jansson"), ways.get("plain")] for name, ways in sorted(results.items())]
    columns = [("step", None), ("ns", ",.0f"), ("ns, GLOMERS_JSON=jansson", ",.0f"), ("ns, jansson on malloc in C", ",.0f")]
    return table(columns, rows)


# --- All of it ---------------------------------------------------------------------------------------------------------


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="folder with pipe/driver, pipe/copy; results go there")
    parser.add_argument("--products", help="folder with the microbenchmarks; none are run without it")
    parser.add_argument("--glomer", default=os.path.join(ROOT, "bin", "glomer"))
    parser.add_argument("--peer", action="append", default=[], help="command of another echo node; may be repeated")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a streaming run")
    parser.add_argument("--growth", type=int, default=1_000_000, help="how many values a node is filled with")
    parser.add_argument("--only", choices=["echo", "workloads", "growth", "micro"], action="append")
    parser.add_argument("--record", action="store_true", help="put the tables into the results")
    parser.add_argument("--command", default="make bench", help="what the results are to call this")
    options = parser.parse_args()

    folder = os.path.join(options.build, "pipe")
    driver = Driver(folder)
    nodes = known_nodes(options.glomer)
    wanted = options.only or ["echo", "workloads", "growth"] + (["micro"] if options.products else [])
    results = {"about": machine.about(ROOT, options.command)}
    tables = {}
    if "echo" in wanted:
        contestants = echo_contestants(options, folder)
        results["echo"] = measure_echo(driver, contestants, options)
        tables["echo"] = echo_table(results["echo"], contestants)
    if "workloads" in wanted:
        results["workloads"] = measure_workloads(driver, options, nodes)
        tables["workloads"] = workloads_table(results["workloads"])
    if "growth" in wanted:
        results["growth"] = measure_growth(driver, options, nodes)
        tables["growth"] = growth_table(results["growth"])
    if "micro" in wanted:
        results["micro"] = measure_micro(options)
        tables["micro"] = micro_table(results["micro"])

    machine.finish(results["about"])
    print(machine.sentence(results["about"]) + "\n")
    print("\n".join(tables.values()))
    path = os.path.join(options.build, "results.json")
    with open(path, "w") as file:
        json.dump(results, file, indent=1)
    print(f"All figures: {os.path.relpath(path)}")
    if options.record:
        machine.record(tables, results["about"])


if __name__ == "__main__":
    main()
