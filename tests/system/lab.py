"""A private lab for one test: its namespaces (made by scripts/lab), the appliance, and other processes.

In a lab, `appliance` is the namespace of axfrd. The test names the other hosts.
"""

import contextlib
import ctypes
import itertools
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("AXFRD_BUILD", ROOT / "build"))
DATA = ROOT / "tests" / "data" / "zones"

IPV4 = "192.0.2.53"
IPV6 = "2001:db8::53"
EVERYONE = ("192.0.2.0/24", "2001:db8::/64")

# Seconds after which a test gives up waiting. The machine may be busy with other work most of the time. A wait ends as
# soon as its condition is true, so a large value costs nothing. These tests do not measure speed.
PATIENCE = 120

# The most hugepages of 2 MiB that one axfrd takes.
HUGEPAGES = 128

# The name of a file that marks the directory of a lab that stays.
KEPT = "kept"
# Preloaded into axfrd, to print a backtrace when it crashes. A sanitizer does so itself, and must be loaded first.
BACKTRACE = BUILD / "tests" / "system" / "backtrace.so"
SANITIZED = BUILD.name in ("build-asan", "build-tsan")

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
counter = itertools.count(1)


def wait_until(condition, what, timeout=PATIENCE, pause=0.05):
    """Calls condition() until its result is true, and returns the result."""
    deadline = time.monotonic() + timeout
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout} s for {what}")
        time.sleep(pause)
    return result


class Host:
    """One namespace. Commands run in it, and Python code in a `with host.inside():` uses its network."""

    def __init__(self, lab, name, number=None):
        self.lab, self.name, self.namespace = lab, name, f"{lab.name}-{name}"
        self.ipv4, self.ipv6 = f"192.0.2.{number}", f"2001:db8::{number}"
        self.directory = lab.directory / name
        self.directory.mkdir()

    def command(self, *command):
        return ["ip", "netns", "exec", self.namespace, *map(str, command)]

    def run(self, *command, check=True, timeout=PATIENCE, **options):
        """Runs a command to its end. The result has stdout and stderr as text."""
        done = subprocess.run(self.command(*command), capture_output=True, text=True, timeout=timeout, **options)
        if check and done.returncode not in (0, 3):  # 3: done, but with a finding for scripts
            raise RuntimeError(f"{command} in {self.name}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def spawn(self, *command, **options):
        """Starts a process. Its output goes to a log file, which is shown when the test fails. Lab.close() ends it."""
        log = self.directory / f"{pathlib.Path(str(command[0])).name}-{len(self.lab.processes)}.log"
        with open(log, "wb") as output:
            process = subprocess.Popen(
                self.command(*command), stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options
            )
        process.log = log
        self.lab.processes.append(process)
        return process

    @contextlib.contextmanager
    def inside(self):
        """Enters the namespace, in the calling thread only. Sockets that are made here stay in the namespace."""
        with open("/proc/thread-self/ns/net") as outside, open(f"/run/netns/{self.namespace}") as inside:
            enter(inside)
            try:
                yield self
            finally:
                enter(outside)

    def connect(self, address, port=53, timeout=PATIENCE):
        with self.inside():
            return socket.create_connection((address, port), timeout=timeout)

    def mac(self, device="eth0"):
        (link,) = json.loads(self.run("ip", "-j", "link", "show", device).stdout)
        return bytes.fromhex(link["address"].replace(":", ""))


def enter(namespace):
    if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Lab:
    """Made by the fixture new_lab. close() ends all processes and deletes the namespaces; keep() leaves them alone.
    After either, `logs` has the texts of their logs."""

    def __init__(self, *hosts, ports=1, split=False, direct=False):
        # By the process id in the name, a later session finds the labs of a killed one (see sweep()).
        self.name = f"axt{os.getpid()}-{next(counter)}"
        # Not pytest's own directory, whose path may be too long: that of a Unix socket is limited to 107 octets.
        self.directory = directory_of(self.name)
        self.directory.mkdir()
        self.processes, self.logs = [], {}
        self.appliance = Host(self, "appliance")
        self.hosts = {name: Host(self, name, number) for number, name in enumerate(hosts, 101)}
        options = [option for option, wanted in (("--split", split), ("--direct", direct)) if wanted]
        script(self.name, "up", "--ports", ports, *options, *hosts)

    def __getattr__(self, name):
        try:
            return self.__dict__["hosts"][name]
        except KeyError:
            raise AttributeError(f"no host {name} in this lab") from None

    def close(self):
        script(self.name, "down")
        for process in self.processes:
            process.wait()
        self.read_logs()
        shutil.rmtree(self.directory)

    def keep(self):
        """Keeps the lab, also after the end of this session."""
        (self.directory / KEPT).touch()
        self.read_logs()

    def read_logs(self):
        self.logs |= {process.log.name: process.log.read_text(errors="replace") for process in self.processes}

    def how_to_look(self):
        """Yields commands that show the lab, for a user at a terminal."""
        yield f"scripts/lab --lab {self.name} status"
        for host in [self.appliance, *self.hosts.values()]:
            yield f"ip netns exec {host.namespace} COMMAND..."
        for control in sorted(self.directory.glob("**/*.sock")):
            if control.is_socket():
                yield f"{BUILD / 'axfrctl'} --socket {control} status"
        for process in self.processes:
            ended = process.poll()
            yield f"less {process.log}   # " + (f"process {process.pid}" if ended is None else f"ended with {ended}")
        yield f"scripts/lab --lab {self.name} down && rm -r {self.directory}   # ends it"


def script(lab, *arguments):
    done = subprocess.run(
        [ROOT / "scripts" / "lab", "--lab", lab, *map(str, arguments)], capture_output=True, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(f"scripts/lab {arguments}: {done.stderr}")


def directory_of(lab):
    return pathlib.Path(tempfile.gettempdir(), lab)


def sweep():
    """Deletes the labs of test sessions that were killed, except for labs that were kept."""
    names = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    for lab, pid in set(re.findall(r"^(axt(\d+)-\d+)-", names, re.MULTILINE)):
        if not pathlib.Path(f"/proc/{pid}").exists() and not (directory_of(lab) / KEPT).exists():
            script(lab, "down")
            shutil.rmtree(directory_of(lab), ignore_errors=True)


def af_packet(device="axp0", number=0, queues=1):
    return f"net_af_packet{number},iface={device},blocksz=65536,framesz=2048,framecnt=4096,qpairs={queues}"


AF_XDP = "net_af_xdp0,iface=axp0"

# Options for a lab with split=True: the interface keeps its kernel driver and addresses, and axfrd gets queries only.
SPLIT = {"ports": ["axp0"], "address": None}


def free_hugepages():
    free = pathlib.Path("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages")
    return int(free.read_text()) if free.exists() else 0


class Axfrd:
    """The appliance: one axfrd in the lab's `appliance` namespace.

    Options are given as on the command line, without the dashes: Axfrd(lab, workers=2, allow_transfer=[...]).
    """

    prefix = ()  # a command that is put before that of axfrd

    def __init__(self, lab, zones=(), ports=(af_packet(),), **options):
        self.lab, self.process = lab, None
        self.directory = lab.appliance.directory
        self.socket = self.directory / "control.sock"
        self.zones = self.directory / "zones"
        self.zones.mkdir()
        for zone in zones:
            shutil.copy(zone, self.zones)
        self.options = {
            "port": ports,
            "address": [f"{IPV4}/24", f"{IPV6}/64"],
            "store": self.directory / "store",
            "zones_dir": self.zones,
            "control_socket": self.socket,
            "rate_limit": 0,  # off, because a test may ask the same question very often
            "tcp_idle_timeout": 600,  # a client that parses what it reads may be very slow on a busy machine
            "no_huge": free_hugepages() < HUGEPAGES,
            **options,
        }

    def arguments(self):
        for option, value in self.options.items():
            name = "--" + option.replace("_", "-")
            for each in value if isinstance(value, (list, tuple)) else [value]:
                if each is True:
                    yield name
                elif each is not False and each is not None:
                    yield from (name, str(each))

    def start(self, **options):
        """Starts axfrd; returns when its log says that it is ready."""
        environment = dict(options.pop("env", os.environ))
        if not SANITIZED and BACKTRACE.exists():
            environment.setdefault("LD_PRELOAD", str(BACKTRACE))
        options["env"] = environment
        self.process = self.lab.appliance.spawn(*self.prefix, BUILD / "axfrd", *self.arguments(), **options)
        wait_until(lambda: self.process.poll() is not None or "ready" in self.log(), "axfrd to be ready")
        if self.process.poll() is not None:
            raise RuntimeError(f"axfrd ended with {self.process.returncode}:\n{self.log()}")
        return self

    def log(self):
        return self.process.log.read_text()

    def logs(self, text):
        """Waits for a line with that text. A thread writes the log, so it may come after a reply."""
        wait_until(lambda: text in self.log(), f"the log to say: {text}")

    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """Stops it by SIGTERM, as systemd does, and returns its exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE)

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)

    def ctl(self, *arguments, **options):
        return run_axfrctl("--socket", self.socket, *arguments, **options)

    def json(self, *arguments):
        return json.loads(self.ctl("--json", *arguments).stdout)

    def stats(self):
        return self.json("stats")

    def hugepages(self):
        """axfrd's memory in hugepages, in KiB. The number of free pages would not do: parallel tests take some, too."""
        rollup = pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return sum(map(int, re.findall(r"_Hugetlb: +(\d+)", rollup)))

    def rss(self):
        """Resident memory in KiB, without shared pages of hugetlbfs."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])


def run_axfrctl(*arguments, check=True, input=None):
    command = [BUILD / "axfrctl", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, input=input)
    if check and done.returncode not in (0, 3):  # 3: done, but with a finding for scripts
        raise RuntimeError(f"axfrctl {arguments}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def unaccounted(worker):
    """The number of received packets without a verdict. Each packet has exactly one verdict, so it must be 0."""
    left_over = sum(worker["punted"].values()) + sum(worker["dropped"].values())
    verdicts = worker["answered"] + worker["neighbours"] + left_over
    return worker["rx"] - verdicts
