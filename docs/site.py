#!/usr/bin/env python3
"""`make docs`: the guide, the references and the API as one static site, by DocC (`docc` of the Swift toolchain).

The Markdown in docs/ stays what it is; here a copy becomes a DocC catalogue: links between pages become DocC's, links into
the sources name the file, and sequence diagrams are drawn. Tutorials show files of the repository, and transcripts of the guide, which are named by document and number. The API's
symbols come from the modules that a debug build has left.
"""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

from sequence import COLOURS, drawing

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
MODULES = ["Glomers", "Wire", "Workloads", "GlomersRuntime", "GlomersTesting", "Simulator", "Lab", "Checkers", "History"]
REFERENCES = [
    "ARCHITECTURE", "PROTOCOLS", "RAFT", "WORKLOADS", "WORKBENCH", "FILES", "SCRIPTS", "VIRTUAL_TIME", "hosts", "MAELSTROM",
    "GLOSSARY",
]


def run(*words, **more):
    done = subprocess.run(words, capture_output=True, text=True, **more)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def slug(heading):
    """The fragment that GitHub gives a heading, from DocC's."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def article(path, pages, headings, titles, target):
    """The text of a page for DocC; `pages` has the names of all, `titles` what stands above them. Its drawings go to the folder `target`."""
    folder = os.path.dirname(path)
    drawings = 0

    def link(found):
        words, target = found[1], found[2]
        if re.match(r"[a-z]+:", target):
            return found[0]
        file, _, fragment = target.partition("#")
        aim = os.path.normpath(os.path.join(folder, file)) if file else path
        if aim not in pages:
            return f"{words} (`{os.path.relpath(aim, ROOT)}`)"
        if words.endswith(".md"):
            words = titles[aim]
        heading = next((one for one in headings[aim] if slug(one) == fragment), None)
        anchor = "#" + re.sub(r"[ ]", "-", re.sub(r"[`.,:()/]", "", heading)) if heading else ""
        return f"[{words}](doc:{pages[aim]}{anchor})"

    with open(path) as file:
        text = file.read()
    parts = re.split(r"(```.*?```)", text, flags=re.S)
    for place in range(1, len(parts), 2):
        if parts[place].startswith("```mermaid\n"):
            drawings += 1
            name = f"{pages[path]}-{drawings}"
            for theme in COLOURS:
                # DocC takes the second one where it is dark.
                with open(f"{target}/{name}{'~dark' if theme == 'dark' else ''}.svg", "w") as file:
                    file.write(drawing(parts[place][len("```mermaid\n"):-3], theme))
            parts[place] = f"![Who sends what to whom, from top to bottom.]({name}.svg)"
    for place in range(0, len(parts), 2):
        parts[place] = re.sub(r"<!--.*?-->\n?", "", parts[place], flags=re.S)
        parts[place] = re.sub(r"<picture>.*?<img alt=\"([^\"]*)\" src=\"([^\"]*)-light.svg\">\n</picture>", r"![\1](\2.svg)",
                              parts[place], flags=re.S)
        parts[place] = re.sub(r"!\[([^\]]*)\]\((?:[^)\s]*/)?([^)/\s]+)\)", r"![\1](\2)", parts[place])
        parts[place] = re.sub(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)", link, parts[place])
    return "".join(parts)


def tutorial(path, target):
    """Writes a tutorial, and beside it the files that it shows."""

    def shown(found):
        file, _, number = found[1].partition(":")
        with open(os.path.join(ROOT, file)) as source:
            text = source.read()
        if number:
            text = re.findall(r"^```\n(\$ workbench .*?)^```$", text, flags=re.S | re.M)[int(number) - 1]
        name = re.sub(r"[/:]", "-", found[1]) + (".txt" if number else "")
        with open(f"{target}/{name}", "w") as copy:
            copy.write(text)
        return f'file: "{name}"'

    with open(path) as file:
        text = re.sub(r'file: "([^"]+)"', shown, file.read())
    with open(f"{target}/{os.path.basename(path)}", "w") as copy:
        copy.write(text)


def catalogue(target):
    """Writes the catalogue of guide and references."""
    chapters = sorted(
        glob.glob(f"{HERE}/guide/[0-9]*.md"), key=lambda path: int(re.match(r"\d+", os.path.basename(path))[0]))
    references = [f"{HERE}/{name}.md" for name in REFERENCES]
    everything = chapters + references
    missing = [path for path in glob.glob(f"{HERE}/*.md") if path not in references]
    if missing:
        sys.exit(f"docs/site.py: add to REFERENCES: {', '.join(map(os.path.basename, missing))}")
    pages, headings, titles = {}, {}, {}
    for path in everything:
        name = re.sub(r"^\d+-", "", os.path.basename(path)[:-3])
        # DocC's addresses know no capitals: of two equal names the later would take the place of the other.
        pages[path] = name if name.lower() not in map(str.lower, pages.values()) else f"{name}-reference"
        with open(path) as file:
            text = file.read()
        titles[path] = re.search(r"^# (.*)$", text, flags=re.M)[1]
        headings[path] = re.findall(r"^##+ (.*)$", text, flags=re.M)
    os.makedirs(target)
    for path in everything:
        with open(f"{target}/{pages[path]}.md", "w") as file:
            file.write(article(path, pages, headings, titles, target))
    for picture in [*glob.glob(f"{HERE}/*.png"), *glob.glob(f"{HERE}/pictures/*")]:
        name = os.path.basename(picture).replace("-light.svg", ".svg").replace("-dark.svg", "~dark.svg")
        shutil.copy(picture, f"{target}/{name}")

    for path in glob.glob(f"{HERE}/tutorials/*.tutorial"):
        tutorial(path, target)

    def topics(title, paths):
        return f"### {title}\n\n" + "".join(f"- <doc:{pages[path]}>\n" for path in paths) + "\n"

    with open(f"{target}/Guide.md", "w") as file:
        file.write(
            "# Guide and references\n\n@Metadata {\n  @TechnologyRoot\n}\n\n"
            "How to write a node for Maelstrom, how to test one, and what all of it means.\n\n"
            "## Overview\n\n![A report: latencies, faults, messages, and what they prove.](report.png)\n\n"
            "The guide starts from nothing; two of its ways are [tutorials](doc:Tutorials). The references say what everything is, "
            "and why.\n\n## Topics\n\n"
            + topics("The guide", chapters) + topics("References", references))


def overview(module, folder):
    """Writes a catalogue for a module that has none of its own: what README's map says of it."""
    with open(f"{ROOT}/README.md") as file:
        said = re.search(rf"^\| `Sources/{module}` \| (.*) \|$", file.read(), flags=re.M)
    if not said:
        sys.exit(f"docs/site.py: README's map has no row for {module}")
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", said[1])
    os.makedirs(folder)
    with open(f"{folder}/{module}.md", "w") as file:
        file.write(f"# ``{module}``\n\n{words[0].upper()}{words[1:]}.\n")
    return folder


def symbols(build, module, folder):
    """Writes the symbol graph of a module of a debug build."""
    os.makedirs(folder)
    target = re.search(r'"triple"\s*:\s*"([^"]+)"', run("swiftc", "-print-target-info"))[1]
    includes = ["-I", f"{build}/Modules"]
    for map in glob.glob(f"{ROOT}/CSupport/*/module.modulemap") + glob.glob(f"{ROOT}/CSupport/*/include/module.modulemap"):
        includes += ["-Xcc", f"-fmodule-map-file={map}"]
    for map in glob.glob(f"{build}/*.build/module.modulemap"):
        includes += ["-Xcc", f"-fmodule-map-file={map}"]
    run("swift", "symbolgraph-extract", "-module-name", module, "-target", target, "-output-dir", folder, "-minimum-access-level",
        "public", "-skip-inherited-docs", *includes)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True, help="the folder of a debug build")
    parser.add_argument("--output", required=True, help="where the site goes; what is there is replaced")
    given = parser.parse_args()
    docc = shutil.which("docc")
    if not docc:
        sys.exit("docs/site.py: there is no docc; a Swift toolchain has it beside swift")
    with tempfile.TemporaryDirectory() as temporary:
        archives = []
        catalogue(f"{temporary}/Guide.docc")
        sources = [("Guide", f"{temporary}/Guide.docc", None)]
        for module in MODULES:
            symbols(given.build, module, f"{temporary}/{module}")
            folder = f"{ROOT}/Sources/{module}/{module}.docc"
            own = folder if os.path.isdir(folder) else overview(module, f"{temporary}/{module}.docc")
            sources.append((module, own, f"{temporary}/{module}"))
        for name, folder, graphs in sources:
            archive = f"{temporary}/{name}.doccarchive"
            words = [docc, "convert", folder, "--output-path", archive,
                     "--transform-for-static-hosting",
                     "--fallback-display-name", name, "--fallback-bundle-identifier", f"glomers.{name}"]
            if graphs:
                words += ["--additional-symbol-graph-dir", graphs]
            for line in run(*words).splitlines():
                # Of parameters, names may say enough; that every symbol says something is for a test to see.
                if line.startswith(("warning:", "error:")) and "is missing documentation" not in line:
                    print(f"{name}: {line}", file=sys.stderr)
            archives.append(archive)
        shutil.rmtree(given.output, ignore_errors=True)
        run(docc, "merge", *archives, "--output-path", given.output, "--synthesized-landing-page-name", "Glomers",
            "--synthesized-landing-page-topics-style", "list")
    # Who comes to the site begins with the guide.
    with open(f"{given.output}/index.html", "w") as file:
        file.write('<!DOCTYPE html>\n<meta charset="utf-8">\n<title>Glomers</title>\n'
                   '<meta http-equiv="refresh" content="0; url=documentation/guide/">\n'
                   '<a href="documentation/guide/">The guide and the references</a>\n')
    # What the pages ask for at first; without it each page asks in vain.
    with open(f"{given.output}/theme-settings.json", "w") as file:
        file.write("{}\n")
    count = sum(len(files) for _, _, files in os.walk(f"{given.output}/data"))
    print(f"{given.output}: {count} pages. To look at them: python3 -m http.server -d {given.output}")


if __name__ == "__main__":
    main()
