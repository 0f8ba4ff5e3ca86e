"""Bars as SVG: one chart for a table, without a library."""

from xml.sax.saxutils import escape

WIDTH, LABEL, BAR, GAP, HEAD = 720, 170, 18, 8, 34


def bars(title, rows, unit):
    """The chart's text. `rows`: (label, value or None); what was not measured has no row."""
    rows = [(label, value) for label, value in rows if value is not None]
    most = max((value for _, value in rows), default=1) or 1
    height = HEAD + len(rows) * (BAR + GAP) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" '
        f'font-size="12"><rect width="100%" height="100%" fill="white"/>',
        f'<text x="{GAP}" y="20" font-size="14" font-weight="bold">{escape(title)}</text>',
    ]
    for number, (label, value) in enumerate(rows):
        top = HEAD + number * (BAR + GAP)
        length = max(1, round((WIDTH - LABEL - 130) * value / most))
        colour = "#1f77b4" if label.startswith("axfrd") else "#b0b0b0"
        text = f"{value:,.0f}".replace(",", " ") if value >= 100 else f"{value:.3g}"
        parts += [
            f'<text x="{LABEL - GAP}" y="{top + 13}" text-anchor="end">{escape(label)}</text>',
            f'<rect x="{LABEL}" y="{top}" width="{length}" height="{BAR}" fill="{colour}"/>',
            f'<text x="{LABEL + length + 5}" y="{top + 13}">{text} {escape(unit)}</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"
