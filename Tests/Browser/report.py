#!/usr/bin/env python3
"""Reports in a real browser: makes runs of nodes with one mistake in virtual time, opens their reports, and uses them as a
person would who wants to know what is wrong. `--short`: the essential parts.

Needs chromium and chromedriver (Debian: chromium, chromium-driver). Screenshots go to the directory that is given.

    python3 Tests/Browser/report.py [--short] bin/workbench .build-browser
"""

import json
import pathlib
import subprocess
import sys

from browser import Browser, check

USUAL = ["--node-count", "3", "--rate", "20", "--time-limit", "10", "--latency", "10", "--latency-dist", "exponential",
         "--delivery", "independent", "--late-replies", "drop", "--nemesis-interval", "2", "--also", "all"]
# A run of each workload that shows what is wrong with a node: a mutant, a seed, what is found, and further options.
RUNS = {
    "echo": ("echo/answers-the-last", 1, "wrong-echo", []),
    "unique-ids": ("unique-ids/few-bits", 1, "duplicate-id", []),
    "broadcast": ("broadcast/sends-once", 1, "lost-value", ["--nemesis", "partition,duplicate"]),
    "g-set": ("g-set/compares-sizes", 2, "lost-value", []),
    "g-counter": ("g-counter/shows-old-copies", 1, "shrunken-counter", []),
    "pn-counter": ("pn-counter/takes-the-greater", 1, "wrong-total", []),
    "kafka": ("kafka/counts-for-itself", 1, "inconsistent-offset", ["--nemesis", "partition"]),
    "lin-kv": ("lin-kv/is-sequential", 1, "nonlinearizable", []),
    "txn-list-append": ("txn-list-append/checks-writes-only", 1, "G2-item", ["--key-count", "3"]),
    "txn-rw-register": ("txn-rw-register/claims-to-be-serializable", 1, "G2-item", ["--consistency-models", "serializable", "--key-count", "3"]),
}
SHORT = ["broadcast", "kafka", "lin-kv", "txn-list-append"]
DRAWN = """
  const views = [...document.querySelectorAll('canvas')].filter((one) => !one.closest('section').hidden);
  return views.map((one) => {
    const pixels = one.getContext('2d').getImageData(0, 0, one.width, one.height).data;
    let drawn = 0;
    for (let i = 3; i < pixels.length; i += 4) if (pixels[i] > 0) drawn += 1;
    return [one.id, drawn];
  });"""
MESSAGES = "Array.from(app.model.messages.from.keys()).filter((i) => app.showsMessage(i)).length"
OPERATIONS = "Array.from(app.model.operations.start.keys()).filter((i) => app.showsOperation(i)).length"


def make(workbench, directory, names=("broadcast", "kafka", "txn-rw-register")):
    reports = {}
    for name in names:
        node, seed, _, options = RUNS[name]
        run = subprocess.run([workbench, "sim", "-w", name, *USUAL, *options, "--node", node, "--seeds", str(seed),
                              "--record", "--store", f"{directory}/store"], capture_output=True, text=True)
        found = [line for line in run.stdout.splitlines() if line.startswith("report: ")]
        assert found, run.stdout + run.stderr
        reports[name] = pathlib.Path(found[0].split(" ", 1)[1]).resolve().as_uri()
    return reports


def draw(browser):
    """Everything is drawn once it has been seen."""
    browser.run("for (const view of app.views) { view.isVisible = true; view.render(); }")
    return dict(browser.run(DRAWN))


def open_page(browser, address):
    browser.open("about:blank")
    browser.open(address)
    browser.wait("window.app !== undefined")


def follow(browser, name, address, anomaly):
    """From the verdict to what is wrong, its operations, their messages, and what led to them."""
    open_page(browser, address)
    check(f"{name}: the verdict is told in words", "Invalid" in browser.run("return document.querySelector('h1').textContent"))
    drawn = draw(browser)
    check(f"{name}: every view is drawn", len(drawn) >= 4 and all(count > 500 for count in drawn.values()), json.dumps(drawn))
    number = browser.run("return app.model.data.anomalies.findIndex((one) => one.name === arguments[0])", anomaly)
    check(f"{name}: {anomaly} is there", number >= 0)
    browser.run("document.querySelector(`[data-anomaly='${arguments[0]}'] .show`).click()", number)
    browser.wait(f"location.hash.includes('finding={number}')")
    check(f"{name}: it leads to its operations", browser.run("return app.marked.size === app.model.data.anomalies[arguments[0]].operations.length && app.marked.size > 0", number))
    check(f"{name}: and to their messages", browser.run("return app.markedMessages.size") >= 2)
    browser.run("document.querySelector('#details .link').click()")
    browser.wait("app.operation !== null && location.hash.includes('op=')")
    check(f"{name}: an operation shades its past and future", browser.run("return app.causes !== null"))
    browser.run("[...document.querySelectorAll('#details .link')].at(-1).click()")
    browser.wait("app.message !== null && location.hash.includes('message=')")
    seen = "return JSON.stringify([location.hash, app.message, app.from, app.to, document.getElementById('details').textContent])"
    before = browser.run(seen)
    browser.call("POST", browser.session + "/refresh", {})
    browser.wait("window.app !== undefined")
    check(f"{name}: the address brings the same back", browser.run(seen).split(",")[:2] == before.split(",")[:2], before[:90])
    browser.keys("\ue00c")
    browser.wait("document.getElementById('details').hidden")


def prove(browser, reports):
    """Pictures of proofs, without which one would have to believe."""
    open_page(browser, reports["lin-kv"])
    check("a window shows operations, and orders that go furthest", browser.run("return document.querySelectorAll('.window .bar').length >= 2 && document.querySelectorAll('.attempts li').length >= 1"))
    sizes = browser.run("return [...document.querySelectorAll('.window')].map((one) => one.querySelectorAll('.bar').length)")
    check("the smallest window comes first", sizes == sorted(sizes), sizes)
    browser.run("document.querySelector('.window .stuck').dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }))")
    browser.wait("app.operation !== null")
    check("a bar leads to its operation", True)
    open_page(browser, reports["txn-list-append"])
    steps = browser.run("return [...document.querySelectorAll('.steps li')].map((one) => one.textContent)")
    check("each edge of a cycle is said in words", len(steps) >= 2 and all("came before" in step for step in steps), steps[0])
    browser.run("document.querySelector('.steps a').click()")
    browser.wait("app.operation !== null")
    check("and leads to its transactions", True)


def filter_and_zoom(browser, reports):
    open_page(browser, reports["broadcast"])
    lost = browser.run("const i = app.model.messages.fate.indexOf(1); app.select(app.messageHit(i)); app.reveal({ message: i });"
                       "return document.getElementById('details').textContent")
    check("kinds of faults that overlap have lanes of their own", browser.run("return JSON.stringify(app.model.lanes)") == '["partition","duplicate"]')
    check("clients that only prepare nodes share a row", browser.run("return app.spaceTime.order.filter(({ name }) => name === 'set-up').length") == 1)
    browser.run("app.showAnomaly(0); document.querySelector('#details .link').click()")
    check("from an acknowledged value it is one step to the message that was lost",
          "Lost soonest" in browser.run("return document.getElementById('details').textContent"))
    top = browser.run("return app.spaceTime.canvas.getBoundingClientRect().top")
    check("and the messages are in sight, with time around them", 0 <= top < 450 and browser.run("return app.to - app.from") >= 8 * browser.run("return app.model.usualDelay") > 0, top)
    browser.run("app.select(null)")
    check("a lost message says why", "lost (" in lost, lost.split("{")[0].replace("\n", " "))
    browser.run("document.getElementById('view-latency').scrollIntoView({ block: 'center' })")
    box = browser.run("const b = document.getElementById('latency').getBoundingClientRect(); return [b.left, b.top, b.width, b.height]")
    browser.keys("0")
    browser.wait("app.from === app.model.begin && app.to === app.model.end")
    browser.click(box[0] + box[2] * 0.4, box[1] + box[3] / 2, (box[0] + box[2] * 0.6, box[1] + box[3] / 2))
    browser.wait("app.to - app.from < 0.3 * (app.model.end - app.model.begin)")
    check("dragging zooms every view", True)
    everything = browser.run(f"return {MESSAGES}")
    browser.run("app.setFilter({ node: 'n1' })")
    node = browser.run(f"return {MESSAGES}")
    browser.run("app.setFilter({ text: 'broadcast' })")
    both = browser.run(f"return {MESSAGES}")
    check("filters narrow", 0 < both < node < everything, both, node, everything)
    open_page(browser, reports["kafka"])
    everything = browser.run(f"return [{MESSAGES}, {OPERATIONS}]")
    browser.run("const field = app.fields.key; field.value = field.options[1].value; field.dispatchEvent(new Event('change'))")
    key = browser.run(f"return [{MESSAGES}, {OPERATIONS}]")
    check("a key leaves its operations and messages", all(0 < one < all_ for one, all_ in zip(key, everything)), key, everything)
    browser.run("app.setFilter({ function: 'send' })")
    sends = browser.run(f"return [{MESSAGES}, {OPERATIONS}]")
    check("and an operation its own", all(0 < one < all_ for one, all_ in zip(sends, key)), sends)
    browser.run("app.setFilter({ key: '', function: '' }); app.select(app.operationHit(3));"
                "[...document.querySelectorAll('#details button')].find((one) => one.textContent === 'Show it alone').click()")
    browser.wait("location.hash.includes('only=')")
    check("one operation alone", browser.run(f"return [{MESSAGES}, {OPERATIONS}]") == [2, 1])
    browser.call("POST", browser.session + "/refresh", {})
    browser.wait("window.app !== undefined")
    check("is so after a reload, too", browser.run(f"return [{MESSAGES}, {OPERATIONS}]") == [2, 1])


def press(browser, reports):
    open_page(browser, reports["broadcast"])
    browser.keys("+")
    browser.wait("app.to - app.from < 0.6 * (app.model.end - app.model.begin)")
    browser.keys("\ue014")
    browser.wait("app.from > app.model.begin + 0.2 * (app.model.end - app.model.begin)")
    browser.keys("n")
    browser.wait("app.anomaly === 0")
    browser.keys("\ue00c0")
    browser.wait("app.anomaly === null && app.from === app.model.begin")
    browser.run("document.getElementById('spacetime').focus()")
    browser.keys("\ue007")
    browser.wait("app.message !== null")
    first = browser.run("return app.message")
    browser.keys(".")
    browser.wait(f"app.message > {first}")
    browser.keys(",")
    browser.wait(f"app.message === {first}")
    browser.keys("/")
    browser.wait("document.activeElement === app.fields.text")
    check("keys zoom, move, go through findings, choose, search and clear", True)


def printed(browser, reports):
    """Paper is white, and the pictures are drawn for it."""
    open_page(browser, reports["lin-kv"])
    browser.run("window.paper = []; addEventListener('beforeprint', () => setTimeout(() => {})); "
                "addEventListener('afterprint', () => paper.push(app.palette.paper));"
                "addEventListener('beforeprint', () => paper.push(app.palette.paper, getComputedStyle(document.documentElement).getPropertyValue('--ink').trim()))")
    pdf = browser.command("Page.printToPDF", {"printBackground": True})["data"]
    colours = browser.run("return paper")
    check("it prints in ink on white", len(pdf) > 20000 and colours[:2] == ["#ffffff", "#1a1d21"], colours)


def look(reports, directory):
    for width, height in [(1280, 900), (390, 844)]:
        for dark in [False, True]:
            with Browser(width, height, dark) as browser:
                for name, address in reports.items():
                    open_page(browser, address)
                    wide = browser.run("return document.documentElement.scrollWidth <= innerWidth + 1")
                    check(f"{name} fits {width} pixels{', dark' if dark else ''}", wide)
                    draw(browser)
                    browser.whole(f"{directory}/{name}-{width}{'-dark' if dark else ''}.png")


def main():
    words = [word for word in sys.argv[1:] if word != "--short"]
    is_short = len(words) < len(sys.argv) - 1
    workbench, directory = words
    pathlib.Path(directory).mkdir(parents=True, exist_ok=True)
    reports = make(workbench, directory, SHORT if is_short else RUNS)
    with Browser(1280, 900) as browser:
        for name, address in reports.items():
            follow(browser, name, address, RUNS[name][2])
        prove(browser, reports)
        filter_and_zoom(browser, reports)
        press(browser, reports)
        errors = browser.errors()
        check("nothing went wrong in the script", not errors, errors)
    with Browser(1280, 900, dark=True) as browser:
        printed(browser, reports)
    if not is_short:
        look(reports, directory)
        print(f"screenshots are in {directory}")


if __name__ == "__main__":
    main()
