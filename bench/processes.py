"""The processes of a bench: their network, how they end, and the CPU time that they took."""

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
    """Makes a network namespace for the bench and its servers, in which port 53 is free. Orphaned servers become
    children of the bench."""
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def die_with_us():
    """Called in a child: it is killed when the bench ends for any reason."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def stat_of(pid):
    """The fields of /proc/PID/stat (proc(5)) from the third on, or None if there is no such process."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None


def session_of(pid):
    """The session of a process, and the CPU seconds of those of its children that have been waited for."""
    fields = stat_of(pid)
    return (int(fields[3]), (int(fields[13]) + int(fields[14])) / TICKS) if fields else (None, 0.0)


def user_cpu_of(pid):
    """CPU seconds in user space of a process and of its children that have been waited for, in whole ticks."""
    fields = stat_of(pid)
    return (int(fields[11]) + int(fields[13])) / TICKS if fields else 0.0


def process_cpu(pid):
    """CPU seconds of a process with all its threads, to the nanosecond (clock_getcpuclockid(3))."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0
