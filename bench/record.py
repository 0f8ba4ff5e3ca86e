"""Writes blocks of RESULTS.md. The block of a section is between two markers, and is replaced as a whole."""

import os


def put(file, section, text):
    """Replaces the section's block. If the file has no such block, it is appended; if there is no file, it is made."""
    begin, end = f"<!-- begin {section} -->", f"<!-- end {section} -->"
    before = file.read_text() if file.exists() else ""
    block = f"{begin}\n{text}\n{end}"
    if begin in before:
        head, rest = before.split(begin, 1)
        after = head + block + rest.split(end, 1)[1]
    else:
        after = before + ("\n" if before else "") + block + "\n"
    # The rename leaves either the new file or the old one, also after an interruption.
    new = file.with_name(file.name + ".new")
    new.write_text(after)
    os.replace(new, file)
