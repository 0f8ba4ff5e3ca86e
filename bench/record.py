"""Blocks of RESULTS.md: what a bench measured stands between two markers, and is replaced as a whole."""

import os


def put(file, section, text):
    """Replaces the section's block. A file without one, or no file yet, gets it at its end."""
    begin, end = f"<!-- begin {section} -->", f"<!-- end {section} -->"
    before = file.read_text() if file.exists() else ""
    block = f"{begin}\n{text}\n{end}"
    if begin in before:
        head, rest = before.split(begin, 1)
        after = head + block + rest.split(end, 1)[1]
    else:
        after = before + ("\n" if before else "") + block + "\n"
    # A whole file or the old one, whatever interrupts us.
    new = file.with_name(file.name + ".new")
    new.write_text(after)
    os.replace(new, file)
