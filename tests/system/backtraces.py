"""Backtraces that a crash of axfrd leaves in its log (backtrace.cc), with functions and lines in place of addresses."""

import re
import subprocess

BACKTRACE = re.compile(r"^backtrace of signal \w+:\n(?:.*\n)*?end of backtrace$", re.M)
# A line is "/path/of/axfrd(+0x1234)[0x5555]". Lines with "(function+0x12)", of exported functions, stay as they are.
FRAME = re.compile(r"^(/[^(\n]+)\(\+(0x[0-9a-f]+)\)\[0x[0-9a-f]+\]$", re.M)


def lines_of(program, addresses):
    """The functions and lines of return addresses, by addr2line. The call is before the return address."""
    calls = [hex(int(address, 16) - 1) for address in addresses]
    done = subprocess.run(
        ["addr2line", "-Cfpie", program, *calls], capture_output=True, text=True, timeout=120, check=False
    )
    # Paths of sources are relative to the build directory. Functions that were inlined have lines of their own.
    text = re.sub(r" at \S*/\.\./", " at ", done.stdout)
    groups = re.findall(r"^(?! \(inlined by\)).*\n(?: \(inlined by\).*\n)*", text, re.M)
    return groups if len(groups) == len(addresses) else ["?\n"] * len(addresses)


def backtraces_in(log):
    """Yields the text of each backtrace in the log."""
    for crash in BACKTRACE.findall(log):
        frames = FRAME.findall(crash)
        known = {}
        for program in {program for program, _ in frames}:
            addresses = [address for each, address in frames if each == program]
            for address, lines in zip(addresses, lines_of(program, addresses)):
                known[program, address] = "  " + lines.rstrip("\n")
        yield FRAME.sub(lambda frame: known[frame.groups()], crash)
