#!/usr/bin/env python3
"""Holds the documents to what they show. Every code block is of one of these kinds; one of no kind is an error.

  docs/guide.py [--record] [--quotes] [--list] [--bin bin] [--only WORD]
  docs/guide.py --links FOLDER

- After `<!-- PATH -->` it is that file; after `<!-- in PATH -->` it stands in that file as it is. The file is built, and run, by
  `make examples`, `make build` or `make test`.
- `$ workbench …` is a command and all that it prints.
- Other commands (`workbench …`, `make …`) must exist, with their options. Those of the guide are run, and end with status 0;
  elsewhere, those are run after which `<!-- exits 1 -->` says how they end.
- After `<!-- in its output -->` the command before prints it.
- JSON is read, a workflow's step is held to action.yml, a script is run. `text` and `mermaid` are pictures.
- After `<!-- run by PATH -->` the test in that file runs it. After `<!-- not run: WHY -->` nothing does.

With --record, blocks that quote whole files and the output of commands are written anew. --list prints all blocks and what holds each.
Links between files must lead to one; --links checks those of any folder, such as a release's.
"""

import argparse
import difflib
import glob
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BLOCK = re.compile(r"(?P<note><!-- (?P<words>[^\n]*?) -->\n+)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.S | re.M)
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "Examples/README.md", "Sources/*/*.docc/*.md", "docs/*.md",
             "docs/guide/*.md", "bench/*.md", "bench/results/*.md"]
HOLDERS = [("Examples/", "make examples"), ("Tests/", "make test"), ("Sources/", "make build")]


def compared(block):
    """The lines of a block without what may differ: how long it took and, of programs, what another version of their
    interpreter does otherwise."""
    lines = [line for line in block.splitlines() if "times faster than real time" not in line]
    if lines and " --bin " in lines[0]:
        lines = [re.sub(r"digest [0-9a-f]+|:time \d+", "", line) for line in lines if " stops, " not in line]
    return lines


def read(path):
    with open(os.path.join(ROOT, path)) as file:
        return file.read()


def commands(text):
    """The commands of a block, as words. What comes after ` # ` is for people."""
    joined = re.sub(r"\\\n\s*", " ", text)
    try:
        lines = [shlex.split(line, comments=True) for part in joined.splitlines() for line in part.split(" && ")]
    except ValueError:
        return []
    return [words for words in lines if words]


class Workbench:
    """The program that the documents are about."""

    def __init__(self, path):
        self.path = path
        dump = subprocess.run([path, "--experimental-dump-help"], capture_output=True, text=True, check=True)
        self.names = {each["commandName"]: self.options(each) for each in json.loads(dump.stdout)["command"]["subcommands"]}
        self.store = tempfile.TemporaryDirectory()

    @staticmethod
    def options(command):
        names = {"-h", "--help"}
        for argument in command.get("arguments") or []:
            for name in argument.get("names") or []:
                names.add(("-" if name["kind"] == "short" else "--") + name["name"])
        return names

    def objection(self, words):
        """What a command has that the program has not."""
        if words[0] not in self.names:
            return None if words[0].startswith("--") else f"there is no workbench {words[0]}"
        own = words[1 : words.index("--")] if "--" in words else words[1:]
        unknown = [word for word in own if re.match(r"--?[a-z]", word) and word.split("=")[0] not in self.names[words[0]]]
        return f"workbench {words[0]} has no {', '.join(unknown)}" if unknown else None

    def run(self, words):
        """What a command prints, with the program named as the reader names it, and its status."""
        files = [words[place + 1] for place, word in enumerate(words) if word == "--bin"]
        missing = [file for file in files if not os.path.exists(os.path.join(ROOT, file))]
        if missing:
            return f"there is no {missing[0]}: make examples builds it\n", 127
        if words[0] == "test" or "--record" in words:
            words = [words[0], "--store", self.store.name, *words[1:]]
        run = subprocess.run([self.path, *words], capture_output=True, text=True, cwd=ROOT, timeout=900)
        text = (run.stdout + run.stderr).replace(self.path, "workbench")
        # What a run that takes long says of its progress.
        return re.sub(r"^\d+ of \d+ seeds, .*\n", "", text, flags=re.M), run.returncode


class Document:
    """One document, its blocks one after the other."""

    def __init__(self, path, record, workbench):
        self.path, self.record, self.workbench = path, record, workbench
        self.found, self.rows, self.quoted, self.output = [], [], set(), ""
        # With --only: a word that a block must have to be run.
        self.only = None

    def object(self, words):
        self.found.append(f"{self.path}: {words}")

    def check(self, match):
        shown, words, language = match["text"], match["words"] or "", match["language"]
        line = match.string.count("\n", 0, match.start("language")) + 1
        kind, holder, fresh = self.judge(shown, words, language)
        self.rows.append((f"{self.path}:{line}", kind, holder))
        before, now = compared(shown), compared(fresh)
        if before != now and not self.record:
            self.object("\n".join(difflib.unified_diff(before, now, "shown", "now", lineterm="", n=1)))
        kept = fresh if self.record and before != now else shown
        return f"{match['note'] or ''}```{language}\n{kept}```"

    def judge(self, shown, words, language):
        """What kind a block is, what holds it to the truth, and how it should be."""
        if words.startswith("not run: "):
            return "shown only", words.removeprefix("not run: "), shown
        if words.startswith("run by "):
            holder = words.removeprefix("run by ")
            if not os.path.exists(os.path.join(ROOT, holder)):
                self.object(f"there is no {holder}")
            return "run", f"`make test`: {holder}", shown
        if words == "in its output":
            if self.output and shown not in self.output:
                self.object(f"the command before does not print\n{shown}")
            return "part of an output", "`make guide`", shown
        path = words.removeprefix("in ")
        if words and os.path.exists(os.path.join(ROOT, path)):
            self.quoted.add(path)
            source = read(path)
            if words == path:
                return "a file", f"`{next(name for prefix, name in HOLDERS if path.startswith(prefix))}`: {path}", source
            if shown not in source:
                self.object(f"this does not stand in {path} any more:\n{shown}")
            return "part of a file", f"`{next(name for prefix, name in HOLDERS if path.startswith(prefix))}`: {path}", shown
        if shown.startswith("$ bin/workbench ") and self.path == "docs/WORKBENCH.md":
            return "transcript", "`make test`: Tests/WorkbenchTests/WorkbenchPageTests.swift", shown
        if shown.startswith("$ workbench "):
            return "transcript", "`make guide`", self.transcript(shown)
        if language in ("text", "mermaid"):
            return "picture", "people", shown
        if language == "json":
            for text in shown.splitlines():
                json.loads(text)
            return "JSON", "`make lint`", shown
        if language == "yaml" and "glomers@" in shown:
            inputs = re.findall(r"^  (\w+):$", read("action.yml").split("\nruns:")[0], re.M)
            given = shown.split("glomers@")[1].split("with:")[1]
            unknown = [name for name in re.findall(r"^ +(\w+):", given, re.M) if name not in inputs]
            if unknown:
                self.object(f"action.yml has no {', '.join(unknown)}")
            return "a workflow's step", "`make lint`", shown
        if shown.startswith("script 1\n"):
            self.script(shown, words)
            return "script", "`make guide`", shown
        programs = ("workbench", "bin/workbench", "make", "swift", "chmod", "cd", "maelstrom", "~/maelstrom/maelstrom")
        if language in ("", "sh") and (lines := commands(shown)) and all(line[0] in programs for line in lines):
            return "commands", self.commands(lines, words), shown
        self.object(f"nothing holds this block to the truth (docs/guide.py says what could):\n{shown}")
        return "?", "nothing", shown

    def is_run(self, text):
        return self.workbench and (self.only is None or self.only in text)

    def transcript(self, shown):
        command = shown.split("\n", 1)[0][2:]
        if not self.is_run(command):
            return shown
        self.output, _ = self.workbench.run(shlex.split(command)[1:])
        return f"$ {command}\n{self.output}"

    def script(self, shown, words):
        if not self.is_run(shown):
            return
        with tempfile.NamedTemporaryFile("w", suffix=".script") as file:
            file.write(shown)
            file.flush()
            self.expect(["sim", "--script", file.name], words)

    def commands(self, lines, words):
        """Each command must be there; the guide's are run."""
        run = self.path.startswith("docs/guide/") or words.startswith("exits ")
        targets = re.findall(r"^([a-z0-9-]+):", read("Makefile"), re.M)
        for line in lines:
            if line[0] == "make":
                unknown = [word for word in line[1:] if "=" not in word and not word.startswith("-") and word not in targets]
                if unknown:
                    self.object(f"the Makefile has no {', '.join(unknown)}")
            elif line[0].endswith("workbench") and self.workbench:
                objection = self.workbench.objection(line[1:])
                if objection:
                    self.object(objection)
                elif run and self.is_run(" ".join(line)):
                    self.expect(line[1:], words)
        return f"`make guide`{'' if run else ': its options'}"

    def expect(self, words, note):
        wanted = int(note.removeprefix("exits ")) if note.startswith("exits ") else 0
        self.output, status = self.workbench.run(words)
        if status != wanted:
            self.object(f"workbench {shlex.join(words)}\nends with status {status}, not {wanted}:\n{self.output[-2000:]}")


def dead_links(folder, documents):
    """The links from documents of a folder to files that are not there."""
    found = []
    for path in documents:
        with open(os.path.join(folder, path)) as file:
            for number, line in enumerate(file, 1):
                for target in re.findall(r'\]\(([^)#\s]+)|src="([^"]+)"', line):
                    target = "".join(target)
                    place = os.path.join(folder, os.path.dirname(path), target)
                    # Elsewhere, and symbols in DocC's way.
                    if re.match(r"[a-z]+:", target) or target.startswith("<") or os.path.exists(place):
                        continue
                    found.append(f"{path}:{number}: there is no {target}")
    return found


def documents_of(folder):
    return sorted({os.path.relpath(path, folder) for one in DOCUMENTS for path in glob.glob(os.path.join(folder, one))})


def main():
    parser = argparse.ArgumentParser(description="Holds the documents to what they show.")
    parser.add_argument("--record", action="store_true", help="write the blocks anew")
    parser.add_argument("--bin", default="bin", help="where the workbench is")
    parser.add_argument("--quotes", action="store_true", help="run no commands")
    parser.add_argument("--list", action="store_true", help="print every block, and what holds it")
    parser.add_argument("--only", metavar="WORD", help="run only the commands that have this word")
    parser.add_argument("--links", metavar="FOLDER", help="check only that links in its documents lead somewhere")
    options = parser.parse_args()
    if options.links:
        dead = dead_links(options.links, documents_of(options.links))
        sys.exit("\n".join(dead) or 0)
    quiet = options.quotes or options.list
    workbench = None if quiet else Workbench(os.path.abspath(os.path.join(options.bin, "workbench")))
    paths = documents_of(ROOT)
    documents, count, quoted = [], 0, set()
    for problem in dead_links(ROOT, paths):
        print(problem, file=sys.stderr)
        count += 1
    for path in paths:
        document = Document(path, options.record, workbench)
        document.only = options.only
        text = read(path)
        changed = BLOCK.sub(document.check, text)
        if options.record and changed != text:
            with open(os.path.join(ROOT, path), "w") as file:
                file.write(changed)
        for problem in document.found:
            print(problem, file=sys.stderr)
        count += len(document.found)
        quoted |= document.quoted
        documents.append(document)
    for path in sorted(glob.glob(os.path.join(ROOT, "docs/tutorials/*.tutorial"))):
        found = [file.partition(":")[0] for file in re.findall(r'file: "([^"]+)"', read(path))]
        for file in found:
            if not os.path.exists(os.path.join(ROOT, file)):
                print(f"{os.path.relpath(path, ROOT)}: there is no {file}", file=sys.stderr)
                count += 1
    rows = [row for document in documents for row in document.rows]
    if options.list:
        print("| block | what it is | what holds it |\n|---|---|---|")
        for row in rows:
            print(f"| {' | '.join(row)} |")
    print(f"{len(paths)} documents, {len(rows)} blocks, {len(quoted)} files quoted, {count} differences", file=sys.stderr)
    sys.exit(1 if count else 0)


if __name__ == "__main__":
    main()
