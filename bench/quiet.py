"""Whether this machine is ours alone, as far as it shows: what else runs, and what the hypervisor takes away."""

import sys
import time

# Of one CPU: what may be busy before a measurement, and be stolen while it runs.
BUSY, STOLEN = 0.15, 0.03
PATIENCE, TRIES = 60.0, 3


def cpu_times():
    """Seconds times 100, of all CPUs: busy, and stolen by the hypervisor."""
    with open("/proc/stat") as file:
        user, nice, system, idle, wait, irq, softirq, steal, *_ = map(int, file.readline().split()[1:])
    return user + nice + system + irq + softirq, steal


def await_quiet():
    """Before anything of ours runs: waits until nothing else does, a minute at most. Whether that was so."""
    deadline, said = time.monotonic() + PATIENCE, False
    while True:
        before = cpu_times()[0]
        time.sleep(0.5)
        if (cpu_times()[0] - before) / 50 < BUSY:
            return True
        if time.monotonic() > deadline:
            return False
        if not said:
            print("other load on this machine: waiting", file=sys.stderr, flush=True)
            said = True


def undisturbed(measure):
    """measure()'s result, of a time in which the hypervisor left us the CPUs, if one is found in three; and whether it
    was."""
    for _ in range(TRIES):
        begin, before = time.monotonic(), cpu_times()[1]
        result = measure()
        stolen = (cpu_times()[1] - before) / 100 / (time.monotonic() - begin)
        if stolen < STOLEN:
            return result, True
        print(f"the hypervisor took {stolen:.0%} of a CPU: again", file=sys.stderr, flush=True)
    return result, False
