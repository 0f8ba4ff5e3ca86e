"""Processes of a bench: their network, their end, and the CPU time that they took."""

import ctypes
import os
import pathlib
import signal
import subprocess
import time

libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
CLONE_NEWNET = 0x40000000
TICKS = os.sysconf("SC_CLK_TCK")  # a second


def isolate():
    """A network namespace for us and our servers, which port 53 is free in. Orphaned servers stay our children."""
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def die_with_us():
    """In a child: it is killed when we end, however that comes."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def stat_of(pid):
    """The fields of proc(5)'s stat from the third on; none if there is no such process."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None


def session_of(pid):
    """The session that a process belongs to, and CPU seconds of its children that have been waited for."""
    fields = stat_of(pid)
    return (int(fields[3]), (int(fields[13]) + int(fields[14])) / TICKS) if fields else (None, 0.0)


def user_cpu_of(pid):
    """CPU seconds in user space, of its children that have been waited for too, in ticks of 10 ms."""
    fields = stat_of(pid)
    return (int(fields[11]) + int(fields[13])) / TICKS if fields else 0.0


def process_cpu(pid):
    """CPU seconds of a process with all its threads, to the nanosecond (clock_getcpuclockid(3))."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0
