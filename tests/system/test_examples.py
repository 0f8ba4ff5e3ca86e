"""The programs accept the commands that README, docs and manual pages show.

The program itself parses each command: axfrctl until it finds no socket, and axfrd with --check.
"""

import pathlib
import re
import shlex
import subprocess

import pytest

from lab import BUILD, PATIENCE

ROOT = pathlib.Path(__file__).resolve().parents[2]
ZONE_FILE = "@ 60 SOA ns.provider.example. host 1 1 1 1 1\n@ 60 NS ns.provider.example.\n"


def blocks():
    """Yields the place and the text of each block of commands."""
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for number, block in enumerate(re.findall(r"```sh\n(.*?)```", page.read_text().replace("   ", ""), re.S)):
            yield f"{page.name}-{number}", block
    for page in sorted((ROOT / "man").glob("*.in")):
        text = page.read_text().replace("\\-", "-").replace("\\(aq", "'").replace("\\e", "\\")
        for number, block in enumerate(re.findall(r"^\.nf\n\.RS\n(.*?)^\.RE", text, re.M | re.S)):
            yield f"{page.stem}-{number}", block


def commands():
    for place, block in blocks():
        for line in block.replace("\\\n", " ").splitlines():
            line = line.strip().replace("$(date +%F)", "2027-01-31").removesuffix("...")
            if not re.match(r"(build/|sudo )?axfr(d|ctl)\b", line):
                continue  # a line of another program may be only a part of a command
            # The part behind a pipe is not for the program.
            words = shlex.split(line.split("|")[0], comments=True)
            if re.fullmatch(r"(build/|sudo )?axfr(d|ctl)", words[0]):
                yield pytest.param(words, id=f"{place}: {' '.join(words)[:60]}")


COMMANDS = list(commands())


def test_there_are_examples_of_both_programs():
    programs = [pathlib.Path(param.values[0][0]).name for param in COMMANDS]
    assert programs.count("axfrctl") > 30 and programs.count("axfrd") > 4


@pytest.mark.parametrize("words", COMMANDS)
def test_an_example_is_taken(words, tmp_path):
    program, arguments = pathlib.Path(words[0]).name, words[1:]
    for word in arguments:
        if re.fullmatch(r"[\w.-]+\.(zone|txt)", word):
            (tmp_path / word).write_text(ZONE_FILE if word.endswith(".zone") else "example.com\n")
    if program == "axfrctl":
        command = [BUILD / program, "--socket", tmp_path / "nobody", *arguments]
    else:
        # Directories in /etc do not exist here.
        arguments = [str(tmp_path) if word.startswith("/etc/") else word for word in arguments]
        command = [BUILD / program, *arguments, "--check"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE, cwd=tmp_path, stdin=subprocess.DEVNULL
    )
    if program == "axfrd":
        assert done.returncode == 0, done.stderr
    else:
        assert "nobody" in done.stderr and "Try" not in done.stderr, (done.stdout, done.stderr)
