"""Whether this machine is ours alone, as far as it shows: what else runs, and what the hypervisor takes away."""

import os
import pathlib
import time

from harness import plural, say

# Of one CPU: what may be busy before a measurement; and while it runs, what others may take and the hypervisor. Times
# are counted in ticks of 10 ms, so that less than three of them say nothing.
BUSY, TAKEN, TICKS = 0.15, 0.05, 0.03
PATIENCE, TRIES = 60.0, 2


def machine_cpu():
    """Seconds of all CPUs: busy, and stolen by the hypervisor."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, irq, softirq, steal, *_ = map(int, file.readline().split()[1:])
    tick = os.sysconf("SC_CLK_TCK")
    return (user + nice + system + irq + softirq) / tick, steal / tick


def others_cpu():
    """CPU seconds of all processes that do not descend from this one, with those of their children that have ended; but
    for the kernel's threads, which may work for us."""
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
    """Waits for silence, repeats what was disturbed, and counts what stayed so."""

    def __init__(self, quick):
        # In all: on a machine that is never quiet there will be figures nevertheless, and a word about it.
        self.patience = PATIENCE if quick else 10 * PATIENCE
        self.measured = self.disturbed = 0

    def wait(self):
        """Before anything of ours runs: until nothing else does, a minute at most."""
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
        """measure()'s result, of a time in which nobody else had the CPUs, if one is found in so many tries."""
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
