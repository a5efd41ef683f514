#!/usr/bin/env python3
"""`make licences`: whether every library that the programs contain has a licence that is known, and stands in NOTICE.

  .ci/licences.py [--exact] [--collect FOLDER] [--build .build-release] [--selftest]

Package.resolved is not committed: a package is used with whatever its dependant resolves, and mirrors of packages have commits
of their own. So NOTICE says which versions releases are built with. A version that is newer is told; one that is older, or of
another generation (its first number; below 1 its second), is refused. `--exact`, for `make release`, refuses every other.
`--collect` puts the texts of the licences into a folder.
"""

import argparse
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# What a licence's text says, the more particular first.
TEXTS = [
    ("Apache-2.0 WITH Swift-exception", r"Apache License\s+Version 2\.0.*Runtime Library Exception"),
    ("Apache-2.0", r"Apache License\s+Version 2\.0"),
    ("MIT", r"Permission is hereby granted, free of charge, to any person"),
]
# Licences whose terms were read, and which leave the programs under ours.
KNOWN = [name for name, _ in TEXTS] + ["Unicode-3.0", "LGPL-2.1-or-later", "GPL-3.0 WITH GCC-exception-3.1"]
ROW = re.compile(r"^  (?P<name>[\w+-]+) +(?P<version>\d[\d.]*) +(?P<licence>\S.*?) +(?P<home>https://\S+)", re.M)


def numbers(version):
    return [int(part) for part in re.findall(r"\d+", version)]


def generation(version):
    first, second = (numbers(version) + [0])[:2]
    return (first, second if first == 0 else 0)


def packages(build):
    """Name, version, address and folder of each Swift package that a build has resolved."""
    path = os.path.join(build, "workspace-state.json")
    if not os.path.exists(path):
        sys.exit(f"there is no {path}: run swift package resolve, or make build")
    with open(path) as file:
        state = json.load(file)
    for each in state["object"]["dependencies"]:
        reference = each["packageRef"]
        version = each["state"].get("checkoutState", {}).get("version", "0")
        yield reference["identity"], version, reference["location"], os.path.join(build, "checkouts", each["subpath"])


def text_of(folder):
    found = sorted(glob.glob(f"{folder}/LICEN[CS]E*") + glob.glob(f"{folder}/COPYING*"))
    return found[0] if found else None


def licence_of(path):
    with open(path, errors="replace") as file:
        text = file.read()
    return next((name for name, pattern in TEXTS if re.search(pattern, text, re.S)), None)


def problems(notice, manifest, build, exact):
    """What is wrong, and what is worth a line."""
    wrong, told = [], []
    rows = {row["name"]: row for row in ROW.finditer(notice)}
    for row in rows.values():
        if row["licence"] not in KNOWN:
            wrong.append(f"NOTICE: {row['name']} has a licence that nobody has read: {row['licence']} (.ci/licences.py: KNOWN)")
    resolved = set()
    for name, version, address, folder in packages(build):
        resolved.add(name)
        path = text_of(folder)
        licence = licence_of(path) if path else None
        if not licence:
            wrong.append(f"{name} {version}: no licence that is known in {folder}; it can't be used")
            continue
        row = rows.get(name)
        if not row:
            wrong.append(f"NOTICE: a row is missing: {name}  {version}  {licence}  {address}")
            continue
        if row["licence"] != licence:
            wrong.append(f"NOTICE: {name} is under {licence}, not under {row['licence']}")
        if row["home"] != address:
            wrong.append(f"NOTICE: {name} comes from {address}, not from {row['home']}")
        if version == row["version"]:
            continue
        stale = numbers(version) < numbers(row["version"]) or generation(version) != generation(row["version"])
        (wrong if stale or exact else told).append(f"{name} is {version}; NOTICE has {row['version']}")
    system = set(re.findall(r'pkgConfig: "([\w+-]+)"', manifest))
    for name in sorted(system - rows.keys()):
        wrong.append(f"NOTICE: a row is missing: {name}, which Package.swift takes from the system")
    for name in sorted(system & rows.keys()):
        found = subprocess.run(["pkg-config", "--modversion", name], capture_output=True, text=True).stdout.strip()
        if found and numbers(found) < numbers(rows[name]["version"]):
            wrong.append(f"{name} is {found}; it is tested from {rows[name]['version']} on")
    for name, row in rows.items():
        if row["home"].startswith("https://github.com/") and name not in resolved | system:
            wrong.append(f"NOTICE: {name} is no longer used")
    return wrong, told


def collect(target, notice, build):
    """The texts of the licences, one file a library."""
    os.makedirs(target, exist_ok=True)
    for name, _, _, folder in packages(build):
        shutil.copy(text_of(folder), f"{target}/{name}.txt")
    swift = os.path.realpath(shutil.which("swift") or "/")
    places = {
        "swift": [os.path.join(os.path.dirname(os.path.dirname(swift)), "share/swift/LICENSE.txt")],
        "libuv": ["/usr/share/doc/libuv1*/copyright"], "jansson": ["/usr/share/doc/libjansson*/copyright"],
        "glibc": ["/usr/share/doc/libc6/copyright"], "libstdc++": ["/usr/share/doc/libstdc++6/copyright"],
        "icu": ["/usr/share/doc/libicu[0-9]*/copyright"],
    }
    homes = {row["name"]: row for row in ROW.finditer(notice)}
    for name, patterns in places.items():
        found = sorted(path for pattern in patterns for path in glob.glob(pattern))
        if found:
            shutil.copy(found[0], f"{target}/{name}.txt")
        else:
            with open(f"{target}/{name}.txt", "w") as file:
                file.write(f"{homes[name]['licence']}: {homes[name]['home']}\n")


def selftest():
    """Packages that must be refused, beside one that must not."""
    home = "https://github.com/o/"
    with tempfile.TemporaryDirectory() as build:
        texts = {"good": "Permission is hereby granted, free of charge, to any person", "secret": "All rights reserved.",
                 "unnamed": "Apache License\nVersion 2.0", "newer": "Apache License\nVersion 2.0", "older": "Apache License\nVersion 2.0"}
        versions = {"newer": "1.9.0", "older": "0.9.0"}
        dependencies = []
        for name, text in texts.items():
            os.makedirs(f"{build}/checkouts/{name}")
            with open(f"{build}/checkouts/{name}/LICENSE", "w") as file:
                file.write(text)
            dependencies.append({
                "packageRef": {"identity": name, "location": home + name}, "subpath": name,
                "state": {"checkoutState": {"version": versions.get(name, "1.2.0")}}})
        with open(f"{build}/workspace-state.json", "w") as file:
            json.dump({"object": {"dependencies": dependencies}}, file)
        rows = [("good", "MIT"), ("secret", "MIT"), ("newer", "Apache-2.0"), ("older", "Apache-2.0"), ("gone", "MIT"), ("odd", "Odd-1.0")]
        notice = "".join(f"  {name}  1.2.0  {licence}  {home}{name}\n" for name, licence in rows)
        wrong, told = problems(notice, '.systemLibrary(pkgConfig: "no-such-library")', build, False)
        refused = sorted(line.removeprefix("NOTICE: ").removeprefix("a row is missing: ").split()[0].strip(",") for line in wrong)
        assert refused == ["gone", "no-such-library", "odd", "odd", "older", "secret", "unnamed"], wrong
        assert told == ["newer is 1.9.0; NOTICE has 1.2.0"], told
        assert len(problems(notice, "", build, True)[0]) == len(wrong), "--exact refuses what is newer"
    print("the check refuses what it must")


def main():
    parser = argparse.ArgumentParser(description="Holds NOTICE to the libraries that the programs contain.")
    parser.add_argument("--exact", action="store_true", help="refuse every version but NOTICE's")
    parser.add_argument("--collect", metavar="FOLDER", help="put the texts of the licences there")
    parser.add_argument("--build", default=os.path.join(ROOT, ".build-release"), help="the build whose packages count")
    parser.add_argument("--selftest", action="store_true", help="whether the check itself refuses what it must")
    options = parser.parse_args()
    if options.selftest:
        return selftest()
    with open(os.path.join(ROOT, "NOTICE")) as file:
        notice = file.read()
    with open(os.path.join(ROOT, "Package.swift")) as file:
        manifest = file.read()
    wrong, told = problems(notice, manifest, options.build, options.exact)
    for line in told:
        print(line)
    for line in wrong:
        print(line, file=sys.stderr)
    if options.collect and not wrong:
        collect(options.collect, notice, options.build)
    print(f"{len(ROW.findall(notice))} libraries, {len(wrong)} problems")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
