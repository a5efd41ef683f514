#!/usr/bin/env python3
"""`workbench serve` in a real browser: a store with three runs, and a fourth that begins while somebody looks.

    python3 Tests/Browser/serve.py bin/workbench bin/maelstrom-broadcast .build-browser
"""

import contextlib
import pathlib
import shutil
import socket
import subprocess
import sys

from browser import Browser, check
from report import make


@contextlib.contextmanager
def server(words):
    """A command that serves at a free port of its own; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([*words, "--port", str(port)], stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        assert "127.0.0.1" in line, line
        yield line.split()[0]
    finally:
        process.terminate()
        process.wait()


SHOWN = "[...document.querySelectorAll('#runs tbody tr')].filter((row) => !row.hidden)"


def use(address, begin, directory):
    with Browser(1280, 900) as browser:
        browser.open(address)
        check("all runs are there", browser.wait(f"{SHOWN}.length === 3"))
        browser.run("const box = document.getElementById('search'); box.value = 'kafka'; box.dispatchEvent(new Event('input'))")
        check("a word finds a run", browser.run(f"return {SHOWN}.length") == 1)
        browser.run("const box = document.getElementById('search'); box.value = ''; box.dispatchEvent(new Event('input'))")
        verdicts = f"return {SHOWN}.map((row) => row.cells[3].textContent)"
        browser.run("[...document.querySelectorAll('th button')].find((one) => one.textContent === 'verdict').click()")
        check("a click sorts", browser.run(verdicts) == sorted(browser.run(verdicts)), browser.run(verdicts))
        browser.screenshot(f"{directory}/serve.png")
        browser.run(f"{SHOWN}[0].querySelector('td a').click()")
        browser.wait("window.app !== undefined")
        check("a report opens", True)
        browser.open(address)
        browser.run("for (const box of [...document.querySelectorAll('#runs input')].slice(0, 2)) box.checked = true;"
                    "document.querySelector('form > p button').click()")
        browser.wait("location.pathname === '/compare'")
        check("two runs are side by side", "first message" in browser.run("return document.body.textContent"))
        run = begin()
        try:
            browser.open(address)
            browser.wait(f"location.reload() || {SHOWN}.some((row) => row.className === 'running')", 60)
            browser.run(f"{SHOWN}.find((row) => row.className === 'running').querySelector('a').click()")
            browser.wait("location.pathname.startsWith('/live/')")
            text = browser.wait("(document.body.textContent.match(/[1-9][0-9]* messages/) || [])[0]", 60)
            check("a run under way tells how far it is", True, text)
            browser.screenshot(f"{directory}/serve-live.png")
            run.wait()
            browser.wait("location.pathname.endsWith('/report.html') && window.app !== undefined", 60)
            check("and leads to its report when it is over", True)
        finally:
            run.kill()
        errors = browser.errors()
        check("nothing went wrong in the script", not errors, errors)


if __name__ == "__main__":
    workbench, node, directory = sys.argv[1:4]
    pathlib.Path(directory).mkdir(parents=True, exist_ok=True)
    store = f"{directory}/store"
    shutil.rmtree(store, ignore_errors=True)
    make(workbench, directory)

    def begin():
        return subprocess.Popen(
            [workbench, "test", "-w", "broadcast", "--bin", node, "--node-count", "3", "--rate", "20", "--time-limit",
             "5", "--store", store], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    with server([workbench, "serve", "--store", store]) as address:
        use(address, begin, directory)
    print(f"screenshots are in {directory}")
