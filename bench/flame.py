"""A flame graph as SVG (Brendan Gregg, *The Flame Graph*, CACM 2016): who called whom, as wide as the time it took."""

import html
import zlib

ROW = 17
WIDTH = 1200
# A box narrower than this could not be seen.
NARROWEST = 0.3
GLYPH = 6.6


class Frame:
    def __init__(self, name):
        self.name = name
        self.samples = 0
        self.callees = {}

    def add(self, stack, samples):
        self.samples += samples
        frame = self
        for name in stack:
            frame = frame.callees.setdefault(name, Frame(name))
            frame.samples += samples

    def depth(self):
        return 1 + max((callee.depth() for callee in self.callees.values()), default=0)


def colour(name):
    """The same name has the same colour in every picture; warm, as flames are."""
    seed = zlib.crc32(name.encode())
    return f"hsl({10 + seed % 40}, {70 + seed // 64 % 20}%, {58 + seed // 4096 % 14}%)"


def draw(stacks, title):
    """Stacks are pairs of names, outermost first, and a count of samples."""
    root = Frame("all")
    for stack, samples in stacks:
        root.add(stack, samples)
    rows = root.depth()
    height = (rows + 2) * ROW + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">',
        "<style>text{font:11px monospace;pointer-events:none}rect{stroke:#fff;stroke-width:.4}"
        "rect:hover{stroke:#000}</style>",
        '<rect width="100%" height="100%" fill="#fffdf8" stroke="none"/>',
        f'<text x="8" y="{ROW}">{html.escape(title)}: {root.samples:,} samples</text>',
    ]
    scale = (WIDTH - 16) / max(root.samples, 1)

    def box(frame, left, level):
        width = frame.samples * scale
        if width < NARROWEST:
            return
        top = height - (level + 1) * ROW - 6
        share = 100 * frame.samples / root.samples
        name = html.escape(frame.name)
        parts.append(
            f'<g><title>{name}: {share:.1f} %</title><rect x="{left:.1f}" y="{top}" width="{width:.1f}" '
            f'height="{ROW - 1}" fill="{colour(frame.name)}"/>')
        letters = int((width - 6) / GLYPH)
        if letters >= 3:
            short = frame.name if len(frame.name) <= letters else frame.name[: letters - 1] + "…"
            parts.append(f'<text x="{left + 3:.1f}" y="{top + 12}">{html.escape(short)}</text>')
        parts.append("</g>")
        for callee in sorted(frame.callees.values(), key=lambda callee: callee.name):
            box(callee, left, level + 1)
            left += callee.samples * scale

    box(root, 8, 0)
    return "\n".join(parts) + "\n</svg>\n"
