"""Draws bars as SVG, one chart for a table, without a library."""

import math
from xml.sax.saxutils import escape

WIDTH, LABEL, VALUE, BAR, GAP, HEAD = 760, 190, 130, 16, 6, 34
# If the ratio of the values is larger than this, the axis is logarithmic: otherwise short bars could not be read.
LINEAR = 50


def bars(title, groups, unit):
    """The chart's text. `groups` are groups of bars, (name, [(label, value or None)]). A value of None has no bar. A
    chart without bars is an empty string."""
    groups = [(name, [(label, value) for label, value in rows if value]) for name, rows in groups]
    values = [value for _, rows in groups for _, value in rows]
    if not values:
        return ""
    length, decades = axis(values)
    if decades:
        title += " (logarithmic)"
    parts, top = [], HEAD + (GAP + BAR if decades else 0)
    for name, rows in groups:
        if name and rows:
            parts.append(f'<text x="{GAP}" y="{top + 13}" font-style="italic">{escape(name)}</text>')
            top += BAR + GAP
        for label, value in rows:
            parts += bar(label, value, top, length(value), unit)
            top += BAR + GAP
    lines = [part for decade in decades for part in grid(decade, length(decade), top)]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top + GAP}" font-family="sans-serif" '
        f'font-size="12"><rect width="100%" height="100%" fill="white"/>',
        f'<text x="{GAP}" y="20" font-size="14" font-weight="bold">{escape(title)}</text>',
    )
    return "\n".join([*head, *lines, *parts, "</svg>"]) + "\n"


def axis(values):
    """A function that gives a bar's length; and the powers of ten on a logarithmic axis."""
    room, least, most = WIDTH - LABEL - VALUE, min(values), max(values)
    if most <= LINEAR * least:
        return lambda value: max(1, round(room * value / most)), []
    low = math.floor(math.log10(least) - 0.1)  # a little below the least value, so that its bar is seen
    span = math.log10(most) - low
    decades = [10.0**power for power in range(low, math.floor(math.log10(most)) + 1)]
    return lambda value: max(1, round(room * (math.log10(value) - low) / span)), decades


def grid(decade, length, bottom):
    at = LABEL + length
    return (
        f'<text x="{at}" y="{HEAD + 12}" text-anchor="middle" fill="#808080">{decade:g}</text>',
        f'<line x1="{at}" y1="{HEAD + BAR}" x2="{at}" y2="{bottom}" stroke="#e0e0e0"/>',
    )


def bar(label, value, top, length, unit):
    colour = "#1f77b4" if label.startswith("axfrd") else "#b0b0b0"
    text = f"{value:,.0f}".replace(",", " ") if value >= 100 else f"{value:.3g}"
    return (
        f'<text x="{LABEL - GAP}" y="{top + 12}" text-anchor="end">{escape(label)}</text>',
        f'<rect x="{LABEL}" y="{top}" width="{length}" height="{BAR}" fill="{colour}"/>',
        f'<text x="{LABEL + length + 5}" y="{top + 12}">{text} {escape(unit)}</text>',
    )
