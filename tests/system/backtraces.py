"""What a crash of axfrd leaves in its log (backtrace.cc), with functions and lines in place of addresses."""

import re
import subprocess

BACKTRACE = re.compile(r"^backtrace of signal \w+:\n(?:.*\n)*?end of backtrace$", re.M)
# "/path/of/axfrd(+0x1234)[0x5555]", or "(function+0x12)" of what a library exports.
FRAME = re.compile(r"^(/[^(\n]+)\(\+(0x[0-9a-f]+)\)\[0x[0-9a-f]+\]$", re.M)


def lines_of(program, addresses):
    """By binutils, which the compiler needs, too. An address is the one to return to: the call stands before it."""
    calls = [hex(int(address, 16) - 1) for address in addresses]
    done = subprocess.run(
        ["addr2line", "-Cfpie", program, *calls], capture_output=True, text=True, timeout=120, check=False
    )
    # Paths of sources are relative to the build's directory. What was inlined into a function has lines of its own.
    text = re.sub(r" at \S*/\.\./", " at ", done.stdout)
    groups = re.findall(r"^(?! \(inlined by\)).*\n(?: \(inlined by\).*\n)*", text, re.M)
    return groups if len(groups) == len(addresses) else ["?\n"] * len(addresses)


def backtraces_in(log):
    """Of each crash that the log tells of, a text."""
    for crash in BACKTRACE.findall(log):
        frames = FRAME.findall(crash)
        known = {}
        for program in {program for program, _ in frames}:
            addresses = [address for each, address in frames if each == program]
            for address, lines in zip(addresses, lines_of(program, addresses)):
                known[program, address] = "  " + lines.rstrip("\n")
        yield FRAME.sub(lambda frame: known[frame.groups()], crash)
