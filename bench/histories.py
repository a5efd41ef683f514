#!/usr/bin/env python3
"""Histories for `make bench-checkers`, as Jepsen writes them: one EDN operation a line, by seed.

    histories.py registers OPERATIONS [--stray] > history.edn
    histories.py lists TRANSACTIONS > history.edn

registers: 20 keys, 50 processes, 5 values, 2 % writes of unknown outcome, linearizable; with --stray one read in the middle
has a value that nobody ever wrote. lists: list-append transactions of 1 to 4 micro-operations by 20 processes,
strict-serializable.
"""

import argparse
import random
import sys


def registers(count, stray, seed=1):
    """Operations take place at one moment between their call and their return."""
    draw = random.Random(seed)
    values, out = {}, []
    idle, under_way, next_process = list(range(50)), [], 50
    begun = 0
    stray_at = count // 2 if stray else None
    while begun < count or under_way:
        if begun < count and idle and (not under_way or draw.random() < 0.5):
            process = idle.pop(draw.randrange(len(idle)))
            key, kind, written = draw.randrange(20), draw.choice(["read", "write"]), draw.randrange(5)
            value = "nil" if kind == "read" else written
            out.append((process, ":invoke", kind, f"[{key} {value}]"))
            under_way.append([process, key, kind, written, None, begun])
            begun += 1
            continue
        place = draw.randrange(len(under_way))
        operation = under_way[place]
        process, key, kind, written, seen, number = operation
        if seen is None:
            if kind == "write":
                values[key] = written
            operation[4] = values.get(key, "nil") if kind == "read" else written
            continue
        under_way[place] = under_way[-1]
        under_way.pop()
        if kind == "write" and draw.random() < 0.04:
            out.append((process, ":info", kind, f"[{key} {written}]"))
            idle.append(next_process)
            next_process += 1
            continue
        if stray_at is not None and kind == "read" and number >= stray_at:
            seen, stray_at = 99, None
        out.append((process, ":ok", kind, f"[{key} {seen}]"))
        idle.append(process)
    return out


def lists(count, seed=1):
    """Whole transactions take place at one moment each."""
    draw = random.Random(seed)
    state, appended, out = {}, {}, []
    idle, under_way = list(range(20)), []
    first, begun = 0, 0
    while begun < count or under_way:
        if begun < count and idle and (not under_way or draw.random() < 0.5):
            process, transaction = idle.pop(draw.randrange(len(idle))), []
            for _ in range(draw.randint(1, 4)):
                key = first + min(int(draw.expovariate(0.5)), 9)
                if draw.random() < 0.5:
                    transaction.append([":r", key, "nil"])
                else:
                    appended[key] = appended.get(key, 0) + 1
                    transaction.append([":append", key, appended[key]])
                    if appended[key] >= 32 and key == first:
                        first += 1
            out.append((process, ":invoke", "txn", text(transaction)))
            under_way.append([process, transaction, False])
            begun += 1
            continue
        place = draw.randrange(len(under_way))
        process, transaction, done = under_way[place]
        if not done:
            for operation in transaction:
                held = state.setdefault(operation[1], [])
                if operation[0] == ":append":
                    held.append(operation[2])
                else:
                    operation[2] = "[" + " ".join(map(str, held)) + "]" if held else "nil"
            under_way[place][2] = True
            continue
        under_way[place] = under_way[-1]
        under_way.pop()
        out.append((process, ":ok", "txn", text(transaction)))
        idle.append(process)
    return out


def text(transaction):
    return "[" + " ".join(f"[{kind} {key} {value}]" for kind, key, value in transaction) + "]"


def write(made, file):
    for index, (process, kind, function, value) in enumerate(made):
        file.write(
            f"{{:type {kind}, :f :{function}, :value {value}, :process {process}, :time {index * 1000}, :index {index}}}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["registers", "lists"])
    parser.add_argument("count", type=int)
    parser.add_argument("--stray", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    made = registers(given.count, given.stray, given.seed) if given.kind == "registers" else lists(given.count, given.seed)
    write(made, sys.stdout)


if __name__ == "__main__":
    main()
