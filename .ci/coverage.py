#!/usr/bin/env python3
"""What `make coverage` prints: lines that tests reach, by module; those of nodes and checkers that none reaches; a floor.

  coverage.py BUILD     BUILD is the folder in which the tests were built and run with --enable-code-coverage
"""

import glob
import json
import os
import shutil
import subprocess
import sys

# The least share of lines that tests must reach, by module. Raise a floor when the share has risen.
FLOORS = {
    "Sources/Glomers": 0.9, "Sources/Replication": 0.9, "Sources/Nodes": 0.9, "Sources/Wire": 0.85, "Sources/Storage": 0.9,
    "Sources/Services": 0.9, "Sources/History": 0.9, "Sources/Checkers": 0.9, "Sources/Lab": 0.9, "Sources/Simulator": 0.85,
}
# Of these every line that no test reaches is listed.
LISTED = ("Sources/Nodes/", "Sources/Replication/", "Sources/Checkers/")


def missed(file):
    """Lines that no test reaches, as pairs of first and last."""
    ranges, start = [], None
    for line, _, count, has_count, _, *_ in file["segments"]:
        if start is None and has_count and count == 0:
            start = line
        elif start is not None and has_count and count > 0:
            ranges.append((start, line))
            start = None
    return ranges


def main():
    build = sys.argv[1]
    root = os.getcwd()
    profile = glob.glob(f"{build}/**/codecov/default.profdata", recursive=True)
    programs = [path for path in glob.glob(f"{build}/debug/*.xctest") if os.path.isfile(path)]
    if not profile or not programs:
        sys.exit(f"there is no coverage in {build}: run make coverage")
    # Swift's own: another LLVM does not read its profiles.
    beside = os.path.join(os.path.dirname(os.path.realpath(shutil.which("swift") or "swift")), "llvm-cov")
    export = subprocess.run(
        [beside if os.path.exists(beside) else "llvm-cov", "export", "-instr-profile", profile[0], programs[0]],
        capture_output=True)
    if export.returncode != 0:
        sys.exit(f"llvm-cov can't read the profile: {export.stderr.decode()}")
    files = json.loads(export.stdout)["data"][0]["files"]
    totals = {}
    for file in files:
        path = os.path.relpath(file["filename"], root)
        if not path.startswith(("Sources/", "CSupport/")):
            continue
        lines = file["summary"]["lines"]
        module = "/".join(path.split("/")[:2])
        total = totals.setdefault(module, [0, 0])
        total[0] += lines["covered"]
        total[1] += lines["count"]
        if path.startswith(LISTED):
            for first, last in missed(file):
                print(f"{path}:{first}" + (f"-{last}" if last > first else ""))
    print(f"\n{'module':28} {'lines':>7} {'reached':>8} {'floor':>6}")
    low = []
    for module, (covered, count) in sorted(totals.items()):
        share = covered / count if count else 1
        floor = FLOORS.get(module)
        print(f"{module:28} {count:7} {share:8.1%} {f'{floor:.0%}' if floor else '':>6}")
        if floor and share < floor:
            low.append(module)
    if low:
        sys.exit(f"below the floor: {', '.join(low)}")


if __name__ == "__main__":
    main()
