#!/usr/bin/env python3
"""Holds the documents to what they show: code blocks to the files that they quote, transcripts to what is printed.

  docs/guide.py [--record] [--quotes] [--bin bin]

- A block after `<!-- PATH -->` is that file; one after `<!-- in PATH -->` stands in that file as it is.
- A block that begins with `$ workbench …` is a command and all that it prints.
- In docs/guide every block in Swift or Python quotes a file.

With --record, blocks that quote whole files and the output of commands are written anew.
"""

import argparse
import difflib
import os
import re
import shlex
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BLOCK = re.compile(r"(?P<note><!-- (?P<part>in )?(?P<path>[^ ]+) -->\n+)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.S | re.M)


def compared(block):
    """The lines of a block without what may differ: how long it took and, of programs, what another version of their
    interpreter does otherwise."""
    lines = [line for line in block.splitlines() if "times faster than real time" not in line]
    if lines and " --bin " in lines[0]:
        lines = [re.sub(r"digest [0-9a-f]+|:time \d+", "", line) for line in lines if " stops, " not in line]
    return lines


def printed(command, workbench):
    """What a command of the workbench prints, with the program named as the reader names it."""
    words = shlex.split(command)
    run = subprocess.run([workbench, *words[1:]], capture_output=True, text=True, cwd=ROOT, timeout=300)
    text = (run.stdout + run.stderr).replace(workbench, "workbench")
    # What a run that takes long says of its progress.
    return re.sub(r"^\d+ of \d+ seeds, .*\n", "", text, flags=re.M)


def problems(document, record, workbench):
    """What is not so in a document, and the files that it quotes. Without a workbench no commands are run."""
    path = os.path.join(ROOT, document)
    with open(path) as file:
        text = file.read()
    found = []
    quoted = set()

    def check(match):
        shown, fresh = match["text"], match["text"]
        if match["note"]:
            with open(os.path.join(ROOT, match["path"])) as file:
                source = file.read()
            quoted.add(match["path"])
            if match["part"]:
                if shown not in source:
                    found.append(f"{document}: this does not stand in {match['path']} any more:\n{shown}")
            else:
                fresh = source
        elif shown.startswith("$ workbench ") and workbench:
            command = shown.split("\n", 1)[0][2:]
            fresh = f"$ {command}\n{printed(command, workbench)}"
        elif not shown.startswith("$") and match["language"] in ("swift", "python") and document.startswith("docs/guide/"):
            found.append(f"{document}: a block quotes no file:\n{shown}")
        lines = [compared(shown), compared(fresh)]
        if lines[0] != lines[1] and not record:
            difference = "\n".join(difflib.unified_diff(*lines, "shown", "now", lineterm="", n=1))
            found.append(f"{document}: {difference}")
        kept = fresh if record and lines[0] != lines[1] else shown
        return f"{match['note'] or ''}```{match['language']}\n{kept}```"

    changed = BLOCK.sub(check, text)
    if record and changed != text:
        with open(path, "w") as file:
            file.write(changed)
    return found, quoted


def main():
    parser = argparse.ArgumentParser(description="Holds the documents to what they show.")
    parser.add_argument("--record", action="store_true", help="write the blocks anew")
    parser.add_argument("--bin", default="bin", help="where the workbench is")
    parser.add_argument("--quotes", action="store_true", help="look at quoted files only, and run no commands")
    options = parser.parse_args()
    workbench = None if options.quotes else os.path.abspath(os.path.join(options.bin, "workbench"))
    documents = ["README.md", "CONTRIBUTING.md", "Sources/Glomers/Glomers.docc/WritingANode.md"]
    for folder in ("docs", "docs/guide"):
        documents += sorted(f"{folder}/{name}" for name in os.listdir(os.path.join(ROOT, folder)) if name.endswith(".md"))
    count, blocks = 0, set()
    for document in documents:
        found, quoted = problems(document, options.record, workbench)
        blocks |= quoted
        for problem in found:
            print(problem, file=sys.stderr)
        count += len(found)
    print(f"{len(documents)} documents, {len(blocks)} files quoted, {count} differences")
    sys.exit(1 if count else 0)


if __name__ == "__main__":
    main()
