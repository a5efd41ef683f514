"""A small plot with two logarithmic axes, as SVG."""

import html
import math

WIDTH, HEIGHT = 760, 500
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 66, 56


class Plot:
    def __init__(self, title, subtitle, x_label, y_label, x_range, y_range, x_ticks, y_ticks):
        self.x_range, self.y_range = x_range, y_range
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
            'font-family="sans-serif" font-size="12">',
            '<rect width="100%" height="100%" fill="#ffffff"/>',
        ]
        self.text(LEFT, 24, title, size=16, weight="bold")
        self.text(LEFT, 43, subtitle, colour="#666666")
        for tick in x_ticks:
            x = self.x(tick)
            self.parts.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#e6e6e6"/>')
            self.text(x, HEIGHT - BOTTOM + 17, f"{tick:g}", anchor="middle")
        for tick in y_ticks:
            y = self.y(tick)
            self.parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#e6e6e6"/>')
            self.text(LEFT - 8, y + 4, f"{tick:g}", anchor="end")
        self.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, x_label, anchor="middle")
        middle = (TOP + HEIGHT - BOTTOM) / 2
        self.parts.append(f'<g transform="translate(20 {middle}) rotate(-90)">')
        self.text(0, 0, y_label, anchor="middle")
        self.parts.append("</g>")

    def x(self, value):
        low, high = self.x_range
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(value / low) / math.log(high / low)

    def y(self, value):
        low, high = self.y_range
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * math.log(value / low) / math.log(high / low)

    def text(self, x, y, words, colour="#222222", anchor="start", size=12, weight="normal"):
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" font-size="{size}" '
            f'font-weight="{weight}">{html.escape(words)}</text>')

    def line(self, points, colour, name, dashed=False, dots=False):
        """Named above its left end if it has dots, and else below its right end."""
        places = [(self.x(x), self.y(y)) for x, y in points]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        dash = ' stroke-dasharray="6 4"' if dashed else ""
        self.parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>')
        if not dots:
            x, y = places[-1]
            # Not on the axis, where that is near.
            below = y + 22 < HEIGHT - BOTTOM - 6
            self.text(x, y + 22 if below else y - 12, name, colour=colour, anchor="end")
            return
        for (x, y), (horizontal, vertical) in zip(places, points):
            self.parts.append(
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}">'
                f"<title>{horizontal:.2f} s: {vertical:.3f}</title></circle>")
        x, y = places[0]
        self.text(x + 12, y + 4, name, colour=colour)

    def mark(self, x, y, colour, name):
        x, y = self.x(x), self.y(y)
        self.parts.append(
            f'<path d="M{x:.1f} {y - 6:.1f}L{x + 6:.1f} {y:.1f}L{x:.1f} {y + 6:.1f}L{x - 6:.1f} {y:.1f}Z" fill="{colour}"/>')
        # To the left where there is no room to the right: a character is about half as wide as it is high.
        fits = x + 11 + 6.5 * len(name) < WIDTH - RIGHT
        self.text(x + 11 if fits else x - 11, y + 4, name, colour=colour, anchor="start" if fits else "end")

    def svg(self):
        return "\n".join(self.parts) + "\n</svg>\n"
