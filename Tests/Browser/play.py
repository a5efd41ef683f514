#!/usr/bin/env python3
"""`workbench play` in a real browser: a partition by hand makes a value late; back, a branch, a script that makes the same run.

    python3 Tests/Browser/play.py [--short] bin/workbench .build-browser
"""

import pathlib
import subprocess
import sys
import urllib.request

from browser import Browser, check
from serve import server

COMMAND = ["play", "-w", "broadcast", "--node-count", "5", "--rate", "0", "--time-limit", "30"]


def ask(browser, words):
    """Does what a line says, and waits until it is shown."""
    browser.run("window.done = false; ask(arguments[0]).then(() => (window.done = true))", words)
    browser.wait("window.done")


def at(browser, x, y):
    """Where a point of the picture is in the window."""
    return browser.run("const p = new DOMPoint(arguments[0], arguments[1]).matrixTransform(document.getElementById('stage').getScreenCTM());"
                       "return [p.x, p.y]", x, y)


def holds(browser, node):
    browser.run("choose({ node: arguments[0] })", node)
    browser.wait(f"play.inspected.node === '{node}'")
    return "4711" in browser.run("return document.getElementById('chosen').textContent")


def use(address, workbench, directory, is_short):
    with Browser(1280, 900) as browser:
        browser.open(address)
        browser.wait("play.state && document.getElementById('intro').open")
        browser.screenshot(f"{directory}/play-intro.png")
        for _ in range(4):
            browser.run("document.getElementById('intro-next').click()")
        check("a first visit explains itself in four steps", not browser.run("return document.getElementById('intro').open"))

        browser.keys("\ue014")
        browser.wait("play.state.lineCount > 0 && play.state.now > play.state.begin")
        now = browser.run("return play.state.now")
        browser.keys("\ue014")
        browser.wait(f"play.state.now > {now}")
        browser.keys("\ue012")
        browser.wait(f"play.state.now === {now}")
        check("arrows step forward and back", True)

        # n2 and n3 are at the bottom: a line across the ring cuts them off.
        browser.click(*at(browser, -470, 60), at(browser, 470, 120))
        browser.wait("document.querySelectorAll('.link.cut').length === 6")
        check("a line drawn across the ring cuts its links", True, browser.run("return play.state.faults[0].words"))
        browser.run("document.querySelector('.node').dispatchEvent(new MouseEvent('click', { bubbles: true }))")
        browser.wait("document.querySelector('#chosen form')")
        browser.run("const form = document.querySelector('#chosen form'); form.querySelector('input').value = 'broadcast 4711'; form.requestSubmit()")
        browser.wait("play.state.deeds.length === 2")
        cut = browser.run("return play.state.now")
        browser.run("document.getElementById('speed').value = '1'; document.getElementById('speed').dispatchEvent(new Event('change'))")
        browser.keys(" ")
        browser.wait(f"play.state.now > {cut + 1_500_000_000}", 20)
        browser.screenshot(f"{directory}/play-cut.png")
        browser.keys(" ")
        browser.wait("!play.isPlaying")
        check("the value is at nodes on its side", holds(browser, "n1"))
        check("and late on the other", not holds(browser, "n2"))
        ask(browser, f"until {cut + 3_000_000_000}")
        check("as long as the links are cut", not holds(browser, "n3"))
        later = browser.run("return play.state.now")
        browser.run("document.querySelector('#faults button').click()")
        browser.wait("document.querySelectorAll('.link.cut').length === 0")
        ask(browser, f"until {later + 10_000_000_000}")
        check("it comes when they are healed", holds(browser, "n2") and holds(browser, "n3"))

        browser.run("document.querySelector('#deeds .at').click()")
        browser.wait("document.querySelectorAll('#deeds .later').length === 2")
        for _ in range(400):
            flight = browser.run("return play.state.flights.find((one) => one.number) ?? null")
            if flight:
                break
            ask(browser, "step")
        browser.run("choose({ message: arguments[0] })", flight["id"])
        browser.wait("document.getElementById('chosen').textContent.includes('Deliver now')")
        browser.run("[...document.querySelectorAll('#chosen button')].find((one) => one.textContent === 'Lose').click()")
        browser.wait("document.querySelectorAll('#branches button').length === 1")
        check("an act in the past begins a branch", True)
        browser.run("document.querySelector('#branches button').click()")
        browser.wait("play.state.deeds.length === 3")
        check("and the other way is there again", True)
        refusal = browser.run("ask('act kill n77'); return 1") and browser.wait("document.getElementById('refusal').textContent")
        check("what can't be done is refused in words", "n77" in refusal, refusal)

        ask(browser, "until 600000000000")
        verdict = browser.wait("!document.getElementById('verdict').hidden && document.getElementById('verdict').textContent")
        check("at the end there is a verdict", "valid" in verdict, verdict)
        text = urllib.request.urlopen(address + "script").read().decode()
        path = pathlib.Path(directory) / "played.script"
        path.write_text(text)
        again = subprocess.run([workbench, "sim", "--script", str(path)], capture_output=True, text=True)
        check("workbench sim --script makes the run again", "valid" in again.stdout, again.stdout.splitlines()[0])
        errors = browser.errors()
        check("nothing went wrong in the script", not errors, errors)
    for width, height in [] if is_short else [(1280, 800), (390, 844)]:
        for dark in [False, True]:
            with Browser(width, height, dark) as browser:
                browser.open(address)
                browser.wait("play.state")
                browser.run("document.getElementById('intro').close(); choose({ node: 'n0' })")
                ask(browser, f"until {cut + 150_000_000}")
                wide = browser.run("return document.documentElement.scrollWidth <= innerWidth + 1")
                check(f"the page fits {width} pixels{', dark' if dark else ''}", wide)
                browser.screenshot(f"{directory}/play-{width}{'-dark' if dark else ''}.png")


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--short"]
    workbench, directory = words
    pathlib.Path(directory).mkdir(parents=True, exist_ok=True)
    with server([workbench, *COMMAND]) as address:
        use(address, workbench, directory, len(words) < len(sys.argv) - 1)
    print(f"screenshots are in {directory}")
