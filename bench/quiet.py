"""Finds out whether other processes or the hypervisor take CPU time that a measurement needs."""

import os
import pathlib
import time

from harness import plural, say

# BUSY: the share of one CPU that may be busy before a measurement starts. TAKEN: the share of one CPU that other
# processes may take while it runs, and the hypervisor, too. TICKS: seconds that they may take in any case, because the
# kernel counts in ticks of 10 ms.
BUSY, TAKEN, TICKS = 0.15, 0.05, 0.03
PATIENCE, TRIES = 60.0, 2


def machine_cpu():
    """The seconds for which all CPUs together were busy, and those that the hypervisor stole."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, irq, softirq, steal, *_ = map(int, file.readline().split()[1:])
    tick = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + softirq) / tick, steal / tick


def others_cpu():
    """CPU seconds of all processes that do not descend from this one, and of their children that have ended. The
    kernel's threads are not counted, because they may work for the bench."""
    parents, times = {2: 0}, {}
    for pid in (int(entry) for entry in os.listdir("/proc") if entry.isdigit()):
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:  # it has ended
            continue
        parents[pid] = int(fields[1])
        times[pid] = sum(map(int, fields[11:15]))
    ours = {os.getpid(), 2}
    return sum(ticks for pid, ticks in times.items() if not descends(pid, ours, parents)) / os.sysconf("SC_CLK_TCK")


def descends(pid, ancestors, parents):
    while pid:
        if pid in ancestors:
            return True
        pid = parents.get(pid, 0)
    return False


class Quiet:
    """Waits for an idle machine, repeats measurements that were disturbed, and counts those that stayed disturbed."""

    def __init__(self, quick):
        # Seconds of waiting in all. On a machine that is never quiet the bench measures nevertheless, and reports it.
        self.patience = PATIENCE if quick else 10 * PATIENCE
        self.measured = self.disturbed = 0

    def wait(self):
        """Waits until the machine is idle, a minute at most. The bench itself must run nothing meanwhile."""
        begin, said = time.monotonic(), False
        deadline = begin + min(PATIENCE, self.patience)
        while True:
            before = machine_cpu()[0]
            time.sleep(0.5)
            busy = (machine_cpu()[0] - before) / 0.5
            if busy < BUSY or time.monotonic() > deadline:
                break
            if not said:
                say(f"other load on this machine, {busy:.0%} of a CPU: waiting")
                said = True
        if said:
            self.patience -= time.monotonic() - begin

    def undisturbed(self, measure, tries=TRIES):
        """Calls measure() until it was not disturbed, `tries` times at most, and returns its last result."""
        self.measured += 1
        for left in reversed(range(tries)):
            begin, others, stolen = time.monotonic(), others_cpu(), machine_cpu()[1]
            result = measure()
            allowed = max(TAKEN * (time.monotonic() - begin), TICKS)
            others, stolen = others_cpu() - others, machine_cpu()[1] - stolen
            if max(others, stolen) < allowed:
                return result
            say(f"others had {others:.2f} s of CPU meanwhile, the hypervisor {stolen:.2f} s" + ": again" * (left > 0))
        self.disturbed += 1
        return result

    def told(self):
        return f"Disturbed by other load to the end: {self.disturbed} of {plural(self.measured, 'measurement')}."
