"""Tables in Markdown, aligned so that they can be read as they are."""


def cell(value, form):
    if value is None:
        return ""
    return format(value, form) if form else str(value)


def table(columns, rows):
    """Columns are pairs of a title and a format; columns without a format are words, and stand to the left."""
    texts = [[cell(value, form) for value, (_, form) in zip(row, columns)] for row in rows]
    titles = [title for title, _ in columns]
    widths = [max(len(text) for text in column) for column in zip(titles, *texts)]

    def line(words):
        padded = [
            word.rjust(width) if form else word.ljust(width)
            for word, width, (_, form) in zip(words, widths, columns)
        ]
        return "| " + " | ".join(padded) + " |"

    ruler = "|".join(("-" * (width + 1) + ":") if form else "-" * (width + 2) for width, (_, form) in zip(widths, columns))
    return "\n".join([line(titles), f"|{ruler}|", *map(line, texts)]) + "\n"
