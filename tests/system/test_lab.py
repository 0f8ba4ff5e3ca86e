"""The lab of a failed test can be kept, to look for the reason."""

import os
import pathlib
import re
import signal
import subprocess
import sys

from backtraces import backtraces_in
from lab import PATIENCE, ROOT, wait_until

FAILS = """
from lab import DATA

def test_fails(new_lab, new_axfrd):
    new_axfrd(new_lab("client"), zones=[DATA / "example.com.zone"])
    assert 1 == 2
"""


def test_a_crash_is_told_by_functions_and_lines(axfrd):
    os.kill(axfrd.process.pid, signal.SIGSEGV)
    wait_until(lambda: not axfrd.running(), "the crash")
    assert axfrd.process.returncode == -signal.SIGSEGV
    (text,) = backtraces_in(axfrd.log())
    assert text.startswith("backtrace of signal SEGV:\n")
    assert re.search(r"^  main at .*control/main\.cc:\d+", text, re.M), text


def failed_session(directory, option, stdin):
    """The output of a session whose only test fails."""
    file = directory / "test_fails.py"
    file.write_text(FAILS)
    here = pathlib.Path(__file__).parent
    command = [sys.executable, "-m", "pytest", "-q", "-c", here / "pytest.ini", "-p", "conftest", option, file]
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, timeout=2 * PATIENCE, input=stdin, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(here)},
    )  # fmt: skip
    assert done.returncode == 1 and "assert 1 == 2" in done.stdout, done.stdout + done.stderr
    return done.stdout


def namespaces():
    return subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout


def shell(command):
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=PATIENCE, cwd=ROOT)


def test_a_lab_can_be_left_standing(tmp_path):
    output = failed_session(tmp_path, "--keep", "")
    assert "test_fails is left standing" in output
    ends = re.search(r"^scripts/lab --lab (\S+) down && .*", output, re.M)
    try:
        asks = re.search(r"^\S+axfrctl --socket \S+control\.sock status$", output, re.M)[0]
        assert "zones" in shell(asks).stdout
        log = pathlib.Path(re.search(r"^less (\S+axfrd-0\.log) ", output, re.M)[1])
        assert "ready" in log.read_text()
        assert f"{ends[1]}-client" in namespaces()
    finally:
        done = shell(ends[0])
    assert done.returncode == 0, done.stderr
    assert f"{ends[1]}-" not in namespaces() and not log.exists()


def test_a_failure_can_be_looked_at_before_its_lab_ends(tmp_path):
    output = failed_session(tmp_path, "--pause", "\n")
    name = re.search(r"^  scripts/lab --lab (\S+) status$", output, re.M)[1]
    assert "Enter goes on" in output and f"{name}-" not in namespaces()
