#!/usr/bin/env python3
"""Reports in a real browser: makes runs in virtual time, opens their reports, and uses them as a person would.

Needs chromium and chromedriver (Debian: chromium, chromium-driver). Screenshots go to the directory that is given.

    python3 Tests/Browser/report.py bin/workbench .build-browser
"""

import json
import pathlib
import subprocess
import sys

from browser import Browser, check

RUNS = {
    "txn": ["-w", "txn-rw-register", "--node-count", "3", "--rate", "20", "--time-limit", "5", "--key-count", "2",
            "--consistency-models", "serializable", "--seeds", "4"],
    "broadcast": ["-w", "broadcast", "--node-count", "5", "--rate", "20", "--time-limit", "10", "--latency", "20",
                  "--nemesis", "partition,kill,loss,duplicate", "--nemesis-interval", "2", "--seeds", "7"],
    "kafka": ["-w", "kafka", "--node-count", "3", "--rate", "50", "--time-limit", "10", "--nemesis", "partition",
              "--seeds", "1"],
}
DRAWN = """
  const views = [...document.querySelectorAll('canvas')].filter((one) => !one.closest('section').hidden);
  return views.map((one) => {
    const pixels = one.getContext('2d').getImageData(0, 0, one.width, one.height).data;
    let drawn = 0;
    for (let i = 3; i < pixels.length; i += 4) if (pixels[i] > 0) drawn += 1;
    return [one.id, drawn];
  });"""


def make(workbench, directory):
    reports = {}
    for name, words in RUNS.items():
        run = subprocess.run([workbench, "sim", *words, "--record", "--store", f"{directory}/store"],
                             capture_output=True, text=True)
        path = [line for line in run.stdout.splitlines() if line.startswith("report: ")][0].split(" ", 1)[1]
        reports[name] = pathlib.Path(path).resolve().as_uri()
    return reports


def draw(browser):
    """Everything is drawn once it has been seen."""
    browser.run("for (const view of app.views) { view.isVisible = true; view.render(); }")
    return dict(browser.run(DRAWN))


def use(reports, directory):
    with Browser(1280, 900) as browser:
        browser.open(reports["txn"])
        browser.wait("window.app !== undefined")
        check("the verdict is told in words", "Invalid" in browser.run("return document.querySelector('h1').textContent"))
        drawn = draw(browser)
        check("every view is drawn", all(count > 500 for count in drawn.values()), json.dumps(drawn))
        browser.run("document.querySelector('.show').click()")
        browser.wait("location.hash.includes('finding=0')")
        check("a finding leads to its operations", browser.run("return app.marked.size") == 2)
        check("and to their messages", browser.run("return app.markedMessages.size") == 4)
        browser.run("document.querySelector('#details .link').click()")
        browser.wait("location.hash.includes('op=')")
        fragment = browser.run("return location.hash")
        browser.call("POST", browser.session + "/refresh", {})
        browser.wait("window.app !== undefined")
        check("a fragment brings the same back", browser.run("return location.hash") == fragment, fragment)
        check("what it chose is shown", not browser.run("return document.getElementById('details').hidden"))
        browser.keys("0")
        browser.wait("app.from === app.model.begin && app.to === app.model.end")
        browser.keys("+")
        browser.wait("app.to - app.from < 0.6 * (app.model.end - app.model.begin)")
        browser.keys("n")
        browser.wait("app.anomaly === 0")
        browser.keys("n")
        browser.wait("app.anomaly === 1")
        browser.keys("\ue00c")
        browser.wait("document.getElementById('details').hidden")
        check("keys zoom, go through the findings and clear", True)

        browser.open(reports["broadcast"])
        browser.wait("window.app !== undefined")
        drawn = draw(browser)
        check("every view is drawn", len(drawn) == 6 and all(count > 500 for count in drawn.values()), json.dumps(drawn))
        lost = browser.run("const i = app.model.messages.fate.indexOf(1); app.select(app.messageHit(i)); app.reveal({ message: i });"
                           "return document.getElementById('details').textContent")
        check("a lost message says why", "lost (" in lost, lost.split("{")[0].replace("\n", " "))
        browser.run("document.getElementById('view-latency').scrollIntoView({ block: 'center' })")
        box = browser.run("const b = document.getElementById('latency').getBoundingClientRect(); return [b.left, b.top, b.width, b.height]")
        browser.keys("0")
        browser.click(box[0] + box[2] * 0.4, box[1] + box[3] / 2, (box[0] + box[2] * 0.6, box[1] + box[3] / 2))
        browser.wait("app.to - app.from < 0.3 * (app.model.end - app.model.begin)")
        check("dragging zooms every view", True)
        count = "Array.from(app.model.messages.from.keys()).filter((i) => app.showsMessage(i)).length"
        everything = browser.run(f"return {count}")
        browser.run("app.setFilter({ node: 'n1' })")
        node = browser.run(f"return {count}")
        browser.run("app.setFilter({ text: 'gossip' })")
        both = browser.run(f"return {count}")
        check("filters narrow", 0 <= both < node < everything, both, node, everything)
        check("nothing went wrong in the script", not browser.errors())

        browser.open(reports["kafka"])
        browser.wait("window.app !== undefined")
        check("offsets are drawn", draw(browser)["offsets"] > 500)
    for width, height in [(1280, 2400), (390, 844)]:
        for dark in [False, True]:
            with Browser(width, height, dark) as browser:
                for name, address in reports.items():
                    browser.open(address)
                    browser.wait("window.app !== undefined")
                    wide = browser.run("return document.documentElement.scrollWidth <= innerWidth + 1")
                    check(f"{name} fits {width} pixels{', dark' if dark else ''}", wide)
                    draw(browser)
                    browser.screenshot(f"{directory}/{name}-{width}{'-dark' if dark else ''}.png")


if __name__ == "__main__":
    workbench, directory = sys.argv[1:3]
    pathlib.Path(directory).mkdir(parents=True, exist_ok=True)
    use(make(workbench, directory), directory)
    print(f"screenshots are in {directory}")
