#!/usr/bin/env python3
"""How large reports are, how long they take to write and to open, and how smoothly they scroll. A quiet machine gives better figures.

    python3 Tests/Browser/figures.py bin/workbench .build-browser/figures
"""

import pathlib
import statistics
import subprocess
import sys
import time

from browser import Browser

ROUNDS = 5
CHALLENGE_3D = ["-w", "broadcast", "--node-count", "25", "--rate", "100", "--time-limit", "20", "--latency", "100"]
# A node passes what a client says on to the 24 others: 40,000 times 26 messages.
MILLION = ["-w", "echo", "--node", "flood", "--node-count", "25", "--concurrency", "25", "--rate", "20000",
           "--time-limit", "2", "--latency", "10", "--nemesis", "partition", "--nemesis-interval", "0.5"]
# Milliseconds from the beginning of the page until its first paint, and until everything is there and drawn once.
TIMES = """
  const paint = performance.getEntriesByType('paint').find((one) => one.name === 'first-paint');
  return [paint ? paint.startTime : null, performance.getEntriesByType('navigation')[0].loadEventEnd];"""
# Frames a second while the time that is shown moves, at a zoom: each frame waits until the one before it is drawn.
SCROLL = """
  const [share, done] = [arguments[0], arguments[arguments.length - 1]], { begin, end } = app.model, frames = 90;
  const size = (end - begin) * share, start = performance.now();
  document.getElementById(arguments[1]).scrollIntoView({ block: 'center' });
  let frame = 0;
  const next = () => {
    if (frame === frames) return done(frames * 1000 / (performance.now() - start));
    frame += 1;
    const from = begin + (end - begin - size) * frame / frames;
    app.zoom(from, from + size * (share === 1 ? 1 - 0.3 * frame / frames : 1));
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);"""


def make(workbench, store, words):
    run = subprocess.run([workbench, "sim", *words, "--seeds", "1", "--record", "--store", store],
                         capture_output=True, text=True)
    found = [line for line in run.stdout.splitlines() if line.startswith("report: ")]
    if not found:
        sys.exit(run.stdout + run.stderr)
    return pathlib.Path(found[0].split(" ", 1)[1]).parent.resolve()


def written(workbench, directory):
    """Seconds in which a report is written from a run's files, these read and taken apart."""
    took = []
    for _ in range(ROUNDS):
        start = time.monotonic()
        subprocess.run([workbench, "report", str(directory)], check=True, stdout=subprocess.DEVNULL)
        took.append(time.monotonic() - start)
    return statistics.median(took)


def opened(page):
    """Milliseconds until the first paint and until all is there: medians, each time in a new browser."""
    seen = []
    for _ in range(ROUNDS):
        with Browser(1280, 900) as browser:
            browser.open(page.as_uri())
            browser.wait("window.app !== undefined", 60)
            time.sleep(0.3)
            seen.append(browser.run(TIMES))
    paints = [paint for paint, _ in seen if paint is not None]
    return statistics.median(paints) if paints else float("nan"), statistics.median(load for _, load in seen)


def smooth(page):
    """Frames a second in the diagram of messages, by how much of the run is shown."""
    with Browser(1280, 900) as browser:
        browser.open(page.as_uri())
        browser.wait("window.app !== undefined", 60)
        for view in ["latency", "spacetime"]:
            for share in [1, 0.1, 0.01, 0.002, 0.0005]:
                frames = browser.call("POST", browser.session + "/execute/async",
                                      {"script": SCROLL, "args": [share, view]})
                print(f"  {view:9} {share:7.2%} of the run shown: {frames:5.0f} frames/s")


def show(name, workbench, directory):
    log = (directory / "messages.jsonl").read_bytes()
    page, data = directory / "report.html", directory / "report-data.js"
    count = log.count(b'"sent":') + log.count(b'"copied":')
    print(f"{name}: {count:,} messages")
    print(f"  page {page.stat().st_size / 1e6:.2f} MB" + (f", data beside it {data.stat().st_size / 1e6:.2f} MB" if data.exists() else ""))
    print(f"  written in {written(workbench, directory):.2f} s, files read included")
    paint, load = opened(page)
    print(f"  first paint after {paint:.0f} ms, all there after {load:.0f} ms")


def main():
    workbench, folder = sys.argv[1:3]
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    store = f"{folder}/store"
    show("3d's run", workbench, make(workbench, store, CHALLENGE_3D))
    large = make(workbench, store, MILLION)
    show("a large run", workbench, large)
    smooth(large / "report.html")


if __name__ == "__main__":
    main()
