#!/usr/bin/env python3
"""Prints a man page of a program that is made with ArgumentParser: python3 docs/man.py bin/workbench > workbench.1"""

import json
import subprocess
import sys


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.split("\n"))


def argument(described):
    value = described.get("valueName", "")
    names = ["-" * (1 if name["kind"] == "short" else 2) + name["name"] for name in described.get("names") or []]
    if not names:
        title = f"<{value}>"
    elif described["kind"] == "option":
        title = f"{', '.join(names)} <{value}>"
    else:
        title = ", ".join(names)
    text = described.get("abstract") or ""
    if described.get("defaultValue") and "default:" not in text:
        text += f" (default: {described['defaultValue']})"
    return f".TP\n.B {escaped(title)}\n{escaped(text)}"


def page(command, path):
    name = " ".join([*path, command["commandName"]])
    lines = [f".SH {escaped(name).upper()}", escaped(command.get("abstract") or "")]
    # What is arranged in lines stays so.
    if command.get("discussion"):
        lines += [".PP", ".nf", escaped(command["discussion"].strip()), ".fi"]
    lines += [argument(each) for each in command.get("arguments") or [] if each.get("shouldDisplay", True)]
    for each in command.get("subcommands") or []:
        if each["commandName"] != "help":
            lines += page(each, [*path, command["commandName"]])
    return lines


def main():
    program = sys.argv[1]
    dump = subprocess.run([program, "--experimental-dump-help"], capture_output=True, text=True, check=True).stdout
    command = json.loads(dump)["command"]
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    name = command["commandName"]
    print(f'.TH {name.upper()} 1 "" "{name} {version}"\n.SH NAME\n{name} \\- {escaped(command["abstract"])}')
    print("\n".join(page(command, [])))


if __name__ == "__main__":
    main()
