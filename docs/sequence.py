"""Draws the sequence diagrams of the documents, which are written for Mermaid: GitHub draws those, and DocC does not.

Known are participants with names, messages (`A->>B`, and `A-xB` for one that is lost), notes over one participant or two, and line
breaks (`<br/>`).
"""

import html
import re

# By theme: text, lines, lost messages, boxes, notes.
COLOURS = {"light": ("#1d1d1f", "#6e6e73", "#b3261e", "#eef2f7", "#fff6d6"), "dark": ("#f5f5f7", "#a1a1a6", "#ff8a80", "#2a2f38", "#4a4224")}
LETTER, LINE, COLUMN, LEFT = 6.6, 17, 190, 95


def wrapped(text, width):
    """A text in lines of so many letters, where its words allow."""
    lines = []
    for part in re.split(r"<br/?>", text):
        line = ""
        for word in part.split():
            if line and len(line) + 1 + len(word) > width:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}".strip()
        lines.append(line)
    return lines


def drawing(source, theme):
    """A diagram as SVG."""
    text, grey, red, box, note = COLOURS[theme]
    names, events = {}, []
    for line in source.splitlines()[1:]:
        line = line.strip()
        if found := re.fullmatch(r"participant (\w+) as (.*)", line):
            names[found[1]] = found[2]
        elif found := re.fullmatch(r"(\w+)(->>|-x)(\w+): (.*)", line):
            events.append(("message", found[1], found[3], found[2] == "-x", found[4]))
        elif found := re.fullmatch(r"Note over (\w+)(?:,(\w+))?: (.*)", line):
            events.append(("note", found[1], found[2] or found[1], False, found[3]))
        elif line:
            raise ValueError(f"a line of a sequence diagram that docs/sequence.py does not know: {line}")
    places = {name: LEFT + COLUMN * number for number, name in enumerate(names)}
    width = LEFT * 2 + COLUMN * (len(names) - 1)
    body, y = [], 62

    def words(lines, x, top, colour=text):
        for number, line in enumerate(lines):
            body.append(f'<text x="{x}" y="{top + number * LINE}" fill="{colour}" text-anchor="middle">{html.escape(line)}</text>')

    for kind, source_name, target_name, is_lost, content in events:
        start, end = places[source_name], places[target_name]
        if kind == "note":
            half = max(abs(end - start) / 2 + 80, 85)
            middle = (start + end) / 2
            lines = wrapped(content, int(half * 2 / LETTER) - 2)
            height = len(lines) * LINE + 10
            body.append(f'<rect x="{middle - half}" y="{y}" width="{half * 2}" height="{height}" rx="4" fill="{note}"/>')
            words(lines, middle, y + LINE)
            y += height + 12
            continue
        lines = wrapped(content, int(max(abs(end - start), COLUMN) / LETTER) - 3)
        words(lines, (start + end) / 2, y + LINE - 4)
        y += len(lines) * LINE + 4
        direction = 1 if end > start else -1
        colour = red if is_lost else grey
        if is_lost:
            end = start + (end - start) * 0.85
            body.append(f'<path d="M{end - 5} {y - 5} l10 10 m0 -10 l-10 10" stroke="{red}" stroke-width="1.6" fill="none"/>')
        else:
            body.append(f'<path d="M{end} {y} l{-9 * direction} -4.5 v9 z" fill="{grey}"/>')
        dashes = ' stroke-dasharray="5 3"' if is_lost else ""
        body.append(f'<path d="M{start} {y} H{end}" stroke="{colour}" stroke-width="1.4"{dashes}/>')
        y += 16
    height = y + 8
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            'font-family="system-ui, sans-serif" font-size="12.5">']
    for name, x in places.items():
        head.append(f'<path d="M{x} 44 V{height}" stroke="{grey}" stroke-width="1" opacity="0.5"/>')
        head.append(f'<rect x="{x - 85}" y="8" width="170" height="36" rx="6" fill="{box}"/>')
        head.append(f'<text x="{x}" y="31" fill="{text}" text-anchor="middle" font-weight="600">{html.escape(names[name])}</text>')
    return "\n".join([*head, *body, "</svg>"]) + "\n"
