#!/usr/bin/env python3
"""Makes docs/report.png, the README's picture of a report: a lost message, and what may have led to it and what it may have led to.

    python3 Tests/Browser/picture.py bin/workbench .build-browser docs/report.png
"""

import pathlib
import subprocess
import sys

from browser import Browser

RUN = ["-w", "broadcast", "--node", "broadcast/sends-once", "--node-count", "5", "--rate", "20", "--time-limit", "10",
       "--latency", "60", "--latency-dist", "uniform", "--delivery", "independent", "--nemesis", "partition",
       "--nemesis-interval", "3", "--seeds", "3"]
# The lost message between nodes that has the most lost ones within 200 ms around it.
CHOOSE = """
  const m = app.model.messages, lost = [];
  for (let i = 0; i < m.count; i++) if (m.fate[i] === LOST && m.operation[i] < 0) lost.push(i);
  let best = lost[0], most = 0;
  for (const i of lost) {
    const near = lost.filter((j) => Math.abs(m.start[j] - m.start[i]) < 200).length;
    if (near > most) [best, most] = [i, near];
  }
  app.select(app.messageHit(best));
  app.zoom(m.start[best] - 220, m.start[best] + 280);
  scrollTo(0, document.getElementById('view-spacetime').getBoundingClientRect().top + scrollY - document.getElementById('bar').offsetHeight);"""


def main():
    workbench, directory, picture = sys.argv[1:4]
    run = subprocess.run([workbench, "sim", *RUN, "--record", "--store", f"{directory}/store"], capture_output=True, text=True)
    found = [line for line in run.stdout.splitlines() if line.startswith("report: ")]
    assert found, run.stdout + run.stderr
    with Browser(1200, 716) as browser:
        browser.open(pathlib.Path(found[0].split(" ", 1)[1]).resolve().as_uri())
        browser.wait("window.app !== undefined")
        browser.run("document.querySelector('#bar .help').hidden = true")
        browser.run(CHOOSE)
        browser.run("return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")
        browser.screenshot(picture)


if __name__ == "__main__":
    main()
