"""Where and when figures were taken, and how they get into RESULTS.md and results/."""

import datetime
import glob
import os
import platform
import re
import subprocess

BENCH = os.path.dirname(os.path.abspath(__file__))


def output(*words):
    try:
        return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.strip()
    except FileNotFoundError:
        return ""


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except FileNotFoundError:
        pass
    return output("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()


def measured(words):
    """Exit status, standard output, seconds of wall time and of CPU with children, and the most memory in MB."""
    reading, writing = os.pipe()
    start = os.times().elapsed
    process = subprocess.Popen(words, stdout=writing, stderr=subprocess.DEVNULL)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = os.times().elapsed - start
    return process.returncode, text, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def about(root, command):
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "command": command,
        "commit": commit(root),
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "swift": (re.search(r"Swift version (\S+)", output("swift", "--version")) or [None, "?"])[1],
        # Before we make load ourselves: others on the machine make figures worth less.
        "load_before": round(os.getloadavg()[0], 2),
    }


def commit(root):
    name = output("git", "-C", root, "rev-parse", "--short", "HEAD") or "?"
    changed = output("git", "-C", root, "status", "--porcelain", "--", "Sources", "CSupport", "bench", "Package.swift")
    return name + ("+changes" if changed else "")


def finish(about):
    about["load_after"] = round(os.getloadavg()[0], 2)


def sentence(about):
    return (
        f"{about['date']}, `{about['command']}`, commit {about['commit']}, {about['processor']}, {about['cores']} cores, "
        f"{about['system']}, Swift {about['swift']}, load average before: {about['load_before']}."
    )


def record(sections, about):
    """Replaces what stands between `<!-- begin NAME -->` and `<!-- end NAME -->`, on whichever page of the results has it."""
    pages = {}
    for page in [os.path.join(BENCH, "RESULTS.md"), *sorted(glob.glob(os.path.join(BENCH, "results", "*.md")))]:
        with open(page) as file:
            pages[page] = file.read()
    changed = []
    for name, content in sections.items():
        pattern = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        page = next((page for page, text in pages.items() if pattern.search(text)), None)
        if page is None:
            raise SystemExit(f"no page of the results has a place for '{name}'")
        body = f"\n{sentence(about)}\n\n{content}\n"
        pages[page] = pattern.sub(lambda found: found[1] + body + found[2], pages[page])
        changed.append(page)
    for page in dict.fromkeys(changed):
        with open(page, "w") as file:
            file.write(pages[page])
        print(f"Recorded in {os.path.relpath(page)}")
