#!/usr/bin/env python3
"""`make bench-json`: what it takes to read and to write a line, beside yyjson and simdjson.

Every contestant reads the same lines into the same fields, and writes the same lines from them, in the way that is
the fastest for it. What it read and wrote is compared with what Python makes of the lines, in every run. Contestants
take turns on one core, round by round, and ratios are taken within a round. Where there is a valgrind, instructions
are counted too: they are the same whatever else the machine does.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import zlib

import machine
from run import progress, stay_on_one_core
from tables import table

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)

# So many bytes of lines of each kind, if that is neither too few lines nor too many: no branch predictor learns them.
LINES_BYTES, LINES_MIN, LINES_MAX = 1 << 18, 32, 1024
# Of the time of the faster of the two others: for lines of up to so many bytes, and for longer ones.
SHORT_BYTES, GOAL_SHORT, GOAL_LONG = 1024, 0.7, 1.0


# --- Lines: the kinds of bench/Sources/Texts, with values as a run has them ---------------------------------------------


def tree(dice, depth):
    if depth == 0:
        text = f"tab\t or \u00e9{dice.randrange(10)}"
        return [dice.randrange(100) / 10, -dice.randrange(1, 10) * 1e16, dice.random() < 0.5, None, text]
    return {"left": tree(dice, depth - 1), "right": tree(dice, depth - 1)}


def logs(dice):
    def messages(start):
        return [[start + place, dice.randrange(1_000_000)] for place in range(20)]

    return {str(key): messages(dice.randrange(100_000)) for key in range(10)}


def recent_keys(dice, number, count):
    """Keys of kafka's workload: a few are in use at a time, and new ones take the place of old ones."""
    return [str(number // 40 + key) for key in dice.sample(range(95, 100), count)]


def offsets(dice, number):
    """Most polls are of one key: those that a client has sent to since its last one."""
    keys = recent_keys(dice, number, dice.choice([1] * 8 + [2, 3]))
    return {"offsets": {key: dice.randrange(25) for key in keys}}


# Of each kind: the type, and what the body of a line of that number has between its type and its id.
KINDS = {
    "echo": ("echo", lambda dice, _: {"echo": f"Please echo {dice.randrange(128)}"}),
    "broadcast": ("broadcast", lambda dice, number: {"message": 5_000 + 3 * number + dice.randrange(3)}),
    "read": ("read", lambda dice, _: {}),
    "generate": ("generate", lambda dice, _: {}),
    "send": ("send", lambda dice, number: {"key": recent_keys(dice, number, 1)[0], "msg": dice.randrange(1, 25)}),
    "poll": ("poll", offsets),
    "nested": ("echo", lambda dice, _: {"echo": tree(dice, 4)}),
    "echo_ok": ("echo_ok", lambda dice, _: {"echo": f"Please echo {dice.randrange(128)}"}),
    "broadcast_ok": ("broadcast_ok", lambda dice, _: {}),
    "generate_ok": ("generate_ok", lambda dice, number: {"id": f"n0-{dice.randrange(10_000):04x}-{number}"}),
    "send_ok": ("send_ok", lambda dice, _: {"offset": dice.randrange(25)}),
    "nested_ok": ("echo_ok", lambda dice, _: {"echo": tree(dice, 4)}),
    "read_ok": ("read_ok", lambda dice, _: {"messages": [dice.randrange(1_000_000) for _ in range(1_000)]}),
    "poll_ok": ("poll_ok", lambda dice, _: {"msgs": logs(dice)}),
}
TITLES = {
    "nested": "echo, nested", "nested_ok": "echo_ok, nested", "read_ok": "read_ok of 1,000",
    "poll_ok": "poll_ok of 10 × 20",
}
# What a node reads, and those answers that others read of it; and what it writes.
STEPS = {
    "read": ["echo", "broadcast", "read", "generate", "send", "poll", "nested", "read_ok", "poll_ok"],
    "write": ["echo_ok", "broadcast_ok", "generate_ok", "send_ok", "nested_ok", "read_ok", "poll_ok"],
}


def draw(kind, seed=1):
    """Lines of a kind, members in the order in which a node writes them: those of five clients, each with its own ids."""
    dice = random.Random(f"{kind} {seed}")
    type, payload = KINDS[kind]
    is_answer = type.endswith("_ok")
    ids = [dice.randrange(1_000, 9_000) for _ in range(5)]
    lines, size = [], 0
    while len(lines) < LINES_MIN or (size < LINES_BYTES and len(lines) < LINES_MAX):
        client = dice.randrange(5)
        ids[client] += dice.randrange(1, 3)
        ends = ("n0", f"c{client + 10}") if is_answer else (f"c{client + 10}", "n0")
        id = {"in_reply_to" if is_answer else "msg_id": ids[client]}
        body = {"type": type, **payload(dice, len(lines)), **id}
        lines.append(json.dumps({"src": ends[0], "dest": ends[1], "body": body}, separators=(",", ":")))
        size += len(lines[-1])
    return lines


def fields(line):
    """What every contestant must have read: contest.h says how fields lie."""
    message = json.loads(line)
    body = message["body"]
    texts, integers, reals = [message["src"], message["dest"]], [], []

    def add(value, is_element=False):
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, float):
            reals.append(value)
        elif isinstance(value, dict):
            integers.append(len(value))
            for key, member in value.items():
                add(key)
                add(member)
        elif isinstance(value, list):
            # Arrays in arrays are pairs.
            integers.extend([] if is_element else [len(value)])
            for element in value:
                add(element, is_element=True)
        else:
            integers.append(-1 if value is None else int(value))

    for value in body.values():
        add(value)
    return texts, integers, reals


def checksums(lines):
    """Of what is to be read, and of what is to be written."""
    read = 1
    for line in lines:
        texts, integers, reals = fields(line)
        read = zlib.adler32(b"".join(text.encode() + b"\0" for text in texts), read)
        read = zlib.adler32(struct.pack(f"={len(integers)}q{len(reals)}d", *integers, *reals), read)
    return {"read": read, "write": zlib.adler32("".join(line + "\n" for line in lines).encode())}


# --- Contestants --------------------------------------------------------------------------------------------------------


class Contestant:
    def __init__(self, key, path):
        self.key = key
        self.path = path
        self.name, self.is_writer = key, False
        if os.path.exists(path):
            about = json.loads(subprocess.run([path, "about"], stdout=subprocess.PIPE, check=True).stdout)
            self.name, self.is_writer = about["contestant"], about["writes"]

    def time(self, step, kind, lines, sums, milliseconds):
        """Nanoseconds a line. Ends the program if anything else was read or written than stands there."""
        words = [self.path, step, kind, str(milliseconds)]
        text = "".join(line + "\n" for line in lines).encode()
        done = subprocess.run(words, input=text, stdout=subprocess.PIPE, preexec_fn=stay_on_one_core)
        if done.returncode != 0:
            sys.exit(f"bench: {' '.join(words)} ended with {done.returncode}")
        result = json.loads(done.stdout)
        if result["checksum"] != self.expected(step, sums):
            sys.exit(f"bench: {self.name} does not {step} {kind} as it is: its time would say nothing")
        return result["ns"]

    def expected(self, step, sums):
        return sums[step]

    def instructions(self, kind, lines):
        """Of reading a line: all are read twice, once for the sum and once for the time."""
        with tempfile.NamedTemporaryFile() as counts:
            words = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counts.name}", "--collect-atstart=no",
                     "--toggle-collect=read_line", self.path, "read", kind, "0"]
            text = "".join(line + "\n" for line in lines).encode()
            done = subprocess.run(words, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode == -signal.SIGILL:
            # Compiled for this processor, and valgrind does not know all that it can: AVX-512.
            return None
        found = re.search(rb"Collected : (\d+)", done.stderr)
        if done.returncode != 0 or not found:
            sys.exit(f"bench: {' '.join(words)} ended with {done.returncode}")
        return int(found[1]) / 2 / len(lines)


class Swift(Contestant):
    """Our own writer, and reading as far as a node's messages: it writes what it read, so its sums are those of writing."""

    def __init__(self, path):
        self.key, self.path, self.name, self.is_writer = "messages", path, "Glomers, as Swift's values", True

    def expected(self, step, sums):
        return sums["write"]


def measure(options, contestants):
    """For each step and kind a list of rounds, each with nanoseconds by contestant."""
    lines = {kind: draw(kind) for kind in KINDS}
    sums = {kind: checksums(lines[kind]) for kind in KINDS}
    rounds = {(step, kind): [] for step, kinds in STEPS.items() for kind in kinds}
    for number in range(options.rounds):
        progress(f"reading and writing, round {number + 1} of {options.rounds}")
        for (step, kind), seen in rounds.items():
            taking_part = [one for one in contestants if step == "read" or one.is_writer]
            # Who goes first alternates.
            taking_part = taking_part[:: -1 if number % 2 else 1]
            seen.append(
                {one.key: one.time(step, kind, lines[kind], sums[kind], options.milliseconds) for one in taking_part})
    return lines, rounds


OTHERS = ("yyjson", "simdjson")


def row(kind, lines, rounds, ours, columns):
    size = round(statistics.mean(len(line) for line in lines))
    medians = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
    ratios = [one[ours] / min(one[key] for key in OTHERS if key in one) for one in rounds if set(OTHERS) & set(one)]
    goal = GOAL_SHORT if size <= SHORT_BYTES else GOAL_LONG
    return [TITLES.get(kind, kind), size, *(medians.get(key) for key in columns), *(
        [statistics.median(ratios), f"{min(ratios):.2f} to {max(ratios):.2f}", f"≤ {goal}",
         "yes" if statistics.median(ratios) <= goal else "no"] if ratios else [None] * 4)]


def contest_tables(lines, rounds, names):
    def columns(step, keys):
        return [(step, None), ("bytes", ",d"), *((f"{names[key]}, ns", ",.0f") for key in keys),
                ("of the faster", ".2f"), ("rounds", None), ("goal", None), ("met", None)]

    def rows(step, ours, keys):
        return [row(kind, lines[kind], rounds[step, kind], ours, keys) for kind in STEPS[step]]

    reading = ["glomers", "general", *(key for key in OTHERS if key in names), "messages"]
    writing = ["messages", *(key for key in OTHERS if key == "yyjson" and key in names)]
    reads = table(columns("read", reading), rows("read", "glomers", reading))
    # There is no other writer of ours.
    names = {**names, "messages": "Glomers"}
    return reads + "\n" + table(columns("written", writing), rows("write", "messages", writing))


def instructions_table(lines, contestants):
    counted = [one for one in contestants if one.key != "messages"]
    rows = []
    for kind in STEPS["read"]:
        progress(f"instructions to read {kind}")
        few = lines[kind][:200]
        rows.append([TITLES.get(kind, kind), *(one.instructions(kind, few) for one in counted)])
    return table([("instructions to read", None), *((one.name, ",.0f") for one in counted)], rows)


def absences(contestants):
    """What the tables don't have, in words."""
    absent = [one.key for one in contestants if not os.path.exists(one.path)]
    words = [f"There is no {key} here (`lib{key}-dev`), so it takes no part." for key in absent]
    words += [f"{one.name} does not write." for one in contestants if one.key in OTHERS and not one.is_writer
              and one.key not in absent]
    return " ".join(words)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="folder with the contestants of bench/contest")
    parser.add_argument("--swift", required=True, help="the program Contestant")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--milliseconds", type=int, default=60, help="of each run")
    parser.add_argument("--record", action="store_true", help="put the tables into the results")
    options = parser.parse_args()
    about = machine.about(ROOT, "make bench-json")
    contestants = [Contestant(key, os.path.join(options.build, key)) for key in ("glomers", "general", *OTHERS)]
    present = [one for one in contestants if os.path.exists(one.path)] + [Swift(options.swift)]
    lines, rounds = measure(options, present)
    content = contest_tables(lines, rounds, {one.key: one.name for one in present})
    if shutil.which("valgrind"):
        content += "\n" + instructions_table(lines, present)
    note = absences(contestants)
    content += f"\n{note}\n" if note else ""
    machine.finish(about)
    print(machine.sentence(about) + "\n")
    print(content)
    if options.record:
        machine.record({"json": content}, about)


if __name__ == "__main__":
    main()
