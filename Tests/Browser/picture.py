#!/usr/bin/env python3
"""Makes the pictures of reports: docs/report.png for the README, and one for each step of the guide's chapter on broadcast.

    python3 Tests/Browser/picture.py bin/workbench .build-browser
"""

import pathlib
import subprocess
import sys

from browser import Browser

ROOT = pathlib.Path(__file__).resolve().parents[2]
STEP = ["-w", "broadcast", "--rate", "10", "--time-limit", "20", "--latency", "60", "--latency-dist", "uniform", "--seeds", "2"]
PARTITION = ["--nemesis", "partition", "--nemesis-interval", "3"]
BETWEEN = """
        document.querySelector('#bar input[type=checkbox]').click();
        const m = app.model.messages;"""
# By file: the window's size, the run, and what is chosen and shown of it.
PICTURES = {
    # The lost message between nodes that has the most lost ones within 200 ms around it.
    "docs/report.png": (1200, 760, [
        "-w", "broadcast", "--node", "broadcast/sends-once", "--node-count", "5", "--rate", "20", "--time-limit", "10",
        "--latency", "60", "--latency-dist", "uniform", "--delivery", "independent", "--nemesis", "partition",
        "--nemesis-interval", "3", "--seeds", "3"], """
        const m = app.model.messages, lost = [];
        for (let i = 0; i < m.count; i++) if (m.fate[i] === LOST && m.operation[i] < 0) lost.push(i);
        let best = lost[0], most = 0;
        for (const i of lost) {
          const near = lost.filter((j) => Math.abs(m.start[j] - m.start[i]) < 200).length;
          if (near > most) [best, most] = [i, near];
        }
        app.select(app.messageHit(best));
        app.zoom(m.start[best] - 220, m.start[best] + 280);"""),
    # The first lost message: nobody sends its value again.
    "docs/pictures/broadcast-once.png": (1200, 500, [
        *STEP, *PARTITION, "--bin", "Examples/python/broadcast_naive.py", "--node-count", "5"], BETWEEN + """
        let first = 0;
        while (m.fate[first] !== LOST || m.operation[first] >= 0) first++;
        app.zoom(m.start[first] - 100, m.start[first] + 900);"""),
    # The same with acknowledgements: what is lost is sent again and again.
    "docs/pictures/broadcast-acknowledged.png": (1200, 500, [
        *STEP, *PARTITION, "--bin", "Examples/python/broadcast.py", "--node-count", "5"], BETWEEN + """
        let first = 0;
        while (m.fate[first] !== LOST || m.operation[first] >= 0) first++;
        app.zoom(m.start[first] - 200, m.start[first] + 800);"""),
    # From the hub to the spokes and back, once a period.
    "docs/pictures/broadcast-hub.png": (1200, 640, [
        *STEP, "--bin", "Examples/python/hub.py", "--node-count", "9"], BETWEEN + """
        let first = 0;
        while (m.start[first] < 5000 || m.operation[first] >= 0) first++;
        app.zoom(m.start[first] - 100, m.start[first] + 1100);"""),
}
SHOW = """
  scrollTo(0, document.getElementById('view-spacetime').getBoundingClientRect().top + scrollY - document.getElementById('bar').offsetHeight);
  return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))));"""


def main():
    workbench, directory = sys.argv[1:3]
    for picture, (width, height, options, choose) in PICTURES.items():
        run = subprocess.run(
            [workbench, "sim", *options, "--record", "--store", f"{directory}/store"], capture_output=True, text=True, cwd=ROOT)
        found = [line for line in run.stdout.splitlines() if line.startswith("report: ")]
        assert found, run.stdout + run.stderr
        with Browser(width, height) as browser:
            browser.open((ROOT / found[0].split(" ", 1)[1]).resolve().as_uri())
            browser.wait("window.app !== undefined")
            browser.run("document.querySelector('#bar .help').hidden = true")
            browser.run(choose)
            browser.run(SHOW)
            browser.screenshot(str(ROOT / picture))


if __name__ == "__main__":
    main()
