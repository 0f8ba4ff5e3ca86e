"""The servers that the benches compare: how each is configured, started, and told of a change.

All of them serve on 127.0.0.1 of the bench's own network namespace, on the same CPUs, without DNSSEC, and keep what was
acknowledged through a power loss. Each is set up as its manual recommends for many zones that change.
"""

import base64
import collections
import contextlib
import ctypes
import hmac
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import time

import generate

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("AXFRD_BUILD", ROOT / "build"))
ADDRESS = "127.0.0.1"
SECONDARY = "127.0.0.2"
# Who may transfer zones, unsigned or signed with this key. axfrd also takes updates that are signed with it.
LOOPBACK = "127.0.0.0/8"
KEY, SECRET = "bench.key", "c2l4dGVlbiBvY3RldHMgYW5kIHNpeHRlZW4gbW9yZSE="
# Longer than anything takes that works: a start or an import, and a change.
PATIENCE, CHANGE_PATIENCE = 1800, 120

# The zones that servers are given: `files` holds NAME.zone for each of `names`. Of changes in `noticed` the secondary
# is told; it is the last.
World = collections.namedtuple("World", "directory files names records noticed")

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


# ---- DNS on the wire ----


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def soa_query(name):
    return struct.pack("!6H", 0, 0, 1, 0, 0, 0) + wire_name(name) + struct.pack("!HH", 6, 1)


def after_name(wire, at):
    while wire[at] and wire[at] < 0xC0:
        at += 1 + wire[at]
    return at + (1 if wire[at] == 0 else 2)


def serial_in(wire):
    """The serial in an authoritative answer to soa_query, or None."""
    _, flags, questions, answers = struct.unpack_from("!4H", wire)
    if flags & 0x840F != 0x8400 or questions != 1 or answers == 0:
        return None
    at = after_name(wire, after_name(wire, 12) + 4) + 10
    return struct.unpack_from("!I", wire, after_name(wire, after_name(wire, at)))[0]


class Asker:
    """Asks the server for serials over one UDP socket."""

    def __init__(self, address=ADDRESS):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((address, 53))
        self.number = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def serial(self, name, timeout=1.0):
        """None if there is no answer in time, or none with a serial."""
        self.number = (self.number + 1) % 65536
        query = struct.pack("!H", self.number) + soa_query(name)[2:]
        deadline = time.monotonic() + timeout
        try:
            self.socket.send(query)
            while (left := deadline - time.monotonic()) > 0:
                self.socket.settimeout(left)
                answer = self.socket.recv(4096)
                if answer[:2] == query[:2]:
                    return serial_in(answer)
        except OSError:  # nobody listens yet, or nobody answers
            pass
        return None

    def wait(self, name, wanted, server=None, pause=0.0):
        """Asks until the serial is wanted, and returns it; of a server that starts, until it has ended."""
        deadline = time.monotonic() + (PATIENCE if server else CHANGE_PATIENCE)
        while not wanted(serial := self.serial(name, timeout=0.25)):
            if server and server.process.poll() is not None:
                raise RuntimeError(f"{server.name} ended:\n{server.log.read_text(errors='replace')[-2000:]}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} has serial {serial}")
            time.sleep(pause)
        return serial

    def wait_for_newer(self, name, than, pause=0.0):
        """Asks until the serial is newer than that one (RFC 1982), and returns it. NSD answers from its old processes
        for a while after those of a reload have answered."""
        return self.wait(name, lambda now: now is not None and 0 < (now - than) % 2**32 < 2**31, pause=pause)


# ---- processes ----


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


class Server:
    """A server's configuration and saved state for one world. The state survives stop(), as it does with operators."""

    name = version_command = None
    # How its operators change a zone; the first is the usual one.
    ways = ("UPDATE",)
    environment = {}  # beside that of the bench
    # Whether what was acknowledged is served at once.
    acknowledges_served = True

    def __init__(self, world, cpus):
        self.world, self.cpus, self.process = world, cpus, None
        self.serial = generate.SERIAL  # of the noticed zone, as it was last served
        self.directory = world.directory / self.name
        self.log = self.directory / "log"
        self.directory.mkdir()
        self.prepare()

    def prepare(self):
        """Configuration and saved state."""
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    def placed(self, *command):
        """The same command, to run where the server does."""
        return command

    def client(self, way):
        """Something to change zones with."""
        return Updates()

    @classmethod
    def version(cls):
        done = subprocess.run(cls.version_command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return re.search(r"\d+\.\d+\.\d+", done.stdout)[0]

    def own_files(self):
        """The zone files again, for a server that writes beside them or replaces them. It costs no space."""
        files = self.directory / "zones"
        subprocess.run(["cp", "-rl", self.world.files, files], check=True)
        return files

    def written(self, name, lines):
        file = self.directory / name
        with open(file, "w") as output:
            output.writelines(line + "\n" for line in lines)
        return file

    def pattern(self, name):
        return "noticed" if name == self.world.noticed else "plain"

    def start(self, *arguments):
        """Returns at once; the clock runs from here."""
        for stale in (*self.directory.glob("*.pid"), *self.directory.glob("*.sock*")):
            stale.unlink()

        def prepare_child():
            os.sched_setaffinity(0, self.cpus)
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

        command = [*map(str, self.placed(*self.command(), *arguments))]
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                preexec_fn=prepare_child, env={**os.environ, **self.environment},
            )

    def stop(self):
        """As a power loss would: what counts is on disk."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        try:
            while True:  # its orphans
                os.waitpid(-self.process.pid, 0)
        except ChildProcessError:
            pass
        self.process = None

    def pids(self):
        all_pids = (int(entry) for entry in os.listdir("/proc") if entry.isdigit())
        return [pid for pid in all_pids if session_of(pid)[0] == self.process.pid]

    def cpu(self):
        """CPU seconds of all its processes, those that ended too."""
        return sum(process_cpu(pid) + session_of(pid)[1] for pid in self.pids())

    def user_cpu(self):
        """Of these, the CPU seconds in user space."""
        return sum(map(user_cpu_of, self.pids()))

    def memory(self):
        """RSS and PSS of all its processes, in octets. RSS counts what they share once for each."""
        total = collections.Counter()
        for pid in self.pids():
            try:
                rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:  # it has ended
                continue
            total.update({kind: int(kib) * 1024 for kind, kib in re.findall(r"^(Rss|Pss): +(\d+)", rollup, re.M)})
        return total["Rss"], total["Pss"]

    def confine(self):
        """Its threads to its CPUs, once they run: each of Knot's for UDP goes to one of its own choice, from 0 on. One
        that has chosen among its CPUs keeps its choice."""
        for pid in self.pids():
            for entry in pathlib.Path(f"/proc/{pid}/task").glob("*"):
                with contextlib.suppress(ProcessLookupError):  # it has ended
                    if not os.sched_getaffinity(int(entry.name)) <= self.cpus:
                        os.sched_setaffinity(int(entry.name), self.cpus)

    def settle(self):
        """Until it has nothing more to do: zones that nobody asked for may still be loading."""
        self.confine()
        before = -1.0
        while (now := self.cpu()) - before > 0.02:
            before = now
            time.sleep(0.5)


# ---- what changes zones ----
# commit(zone) replaces the address of the zone's HOST by one that it never had, because the same again would be no
# change; moves the serial on; and returns when the server has acknowledged it.

changes = itertools.count(2)


def new_address():
    return generate.address(next(changes))


class Updates:
    """DNS UPDATE (RFC 2136) over one UDP socket."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((ADDRESS, 53))
        self.socket.settimeout(CHANGE_PATIENCE)
        self.sent = 0

    def commit(self, zone):
        self.sent = (self.sent + 1) % 65536
        owner = wire_name(generate.HOST)[:-1] + b"\xc0\x0c"
        self.socket.send(self.signed(
            struct.pack("!6H", self.sent, 5 << 11, 1, 0, 2, 0)
            + wire_name(zone) + struct.pack("!HH", 6, 1)
            + owner + struct.pack("!HHIH", 1, 255, 0, 0)  # no RRset HOST A, then
            + owner + struct.pack("!HHIH", 1, 1, 3600, 4) + socket.inet_aton(new_address())
        ))
        _, flags = struct.unpack("!HH", self.socket.recv(4096)[:4])
        if flags & 15 != 0:
            raise RuntimeError(f"UPDATE of {zone}: RCODE {flags & 15}")

    def signed(self, message):
        return message

    def ask(self, zone):
        """A request that changes nothing, over the same socket."""
        self.socket.send(soa_query(zone))
        self.socket.recv(4096)

    def close(self):
        self.socket.close()


class SignedUpdates(Updates):
    """The same, signed with a TSIG key (RFC 8945, hmac-sha256): axfrd lets nobody change zones without."""

    def __init__(self, name, secret):
        super().__init__()
        self.name, self.secret = wire_name(name), base64.b64decode(secret)

    def signed(self, message):
        algorithm = wire_name("hmac-sha256")
        times = struct.pack("!HIH", 0, int(time.time()), 300)
        variables = self.name + struct.pack("!HI", 255, 0) + algorithm + times + struct.pack("!HH", 0, 0)
        mac = hmac.digest(self.secret, message + variables, "sha256")
        rdata = algorithm + times + struct.pack("!H", len(mac)) + mac + message[:2] + struct.pack("!HH", 0, 0)
        record = self.name + struct.pack("!HHIH", 250, 255, 0, len(rdata)) + rdata
        return message[:10] + struct.pack("!H", 1) + message[12:] + record


class Control:
    """axfrd's control socket: JSON-RPC. Calls made together are one write, and the replies are read after it."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(str(path))
        self.replies = self.socket.makefile("rb")

    def call(self, method, **params):
        return self.calls([(method, params)])[0]

    def calls(self, calls):
        lines = [{"jsonrpc": "2.0", "id": 1, "method": method, "params": params} for method, params in calls]
        self.socket.sendall("".join(json.dumps(line) + "\n" for line in lines).encode())
        replies = [json.loads(self.replies.readline()) for _ in calls]
        for (method, params), reply in zip(calls, replies):
            if "error" in reply:
                raise RuntimeError(f"{method} {params}: {reply['error']['message']}")
        return [reply["result"] for reply in replies]

    def close(self):
        self.replies.close()
        self.socket.close()


class Transactions(Control):
    """A transaction is sent as a whole, as UPDATE's one message is."""

    def commit(self, zone):
        host = generate.HOST
        self.calls([
            ("zone.begin", {"zone": zone}),
            ("zone.unset", {"zone": zone, "record": f"{host} A"}),
            ("zone.set", {"zone": zone, "record": f"{host} 3600 A {new_address()}"}),
            ("zone.commit", {"zone": zone}),
        ])

    def ask(self, zone):
        """A request that changes nothing, over the same connection."""
        self.call("zone.show", zone=zone)


class KnotControl:
    """knotc's zone-begin, zone-unset, zone-set and zone-commit, without a process for each. Knot serves one connection
    of its control socket at a time, so that each transaction has its own."""

    def __init__(self, path):
        import libknot.control  # here, because --help is to work before anything is installed

        self.path, self.knot = str(path), libknot.control

    def commit(self, zone):
        host = f"{generate.HOST}.{zone}."
        control = self.knot.KnotCtl()
        control.set_timeout(CHANGE_PATIENCE)
        self.connect(control)
        try:
            for step in (
                {"cmd": "zone-begin"},
                {"cmd": "zone-unset", "owner": host, "rtype": "A"},
                {"cmd": "zone-set", "owner": host, "ttl": "3600", "rtype": "A", "data": new_address()},
                {"cmd": "zone-commit"},
            ):
                control.send_block(zone=zone, **step)
                control.receive_block()
            control.send(self.knot.KnotCtlType.END)
        finally:
            control.close()

    def connect(self, control):
        """Again and again: few may wait for their turn at Knot, and others are turned away."""
        deadline = time.monotonic() + CHANGE_PATIENCE
        while True:
            try:
                return control.connect(self.path)
            except self.knot.KnotCtlErrorConnect:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.001)

    def close(self):
        pass


def ask_socket(path, line):
    """One line to a control socket that answers and closes."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(CHANGE_PATIENCE)
        sock.connect(str(path))
        sock.sendall(line.encode() + b"\n")
        answer = b""
        while more := sock.recv(4096):
            answer += more
    return answer.decode().strip("\0\n ")


class NsdFiles:
    """A new zone file in place of the old one, and what `nsd-control reload ZONE` does. The text is at hand: making it
    is not counted, writing and syncing it is."""

    def __init__(self, files, control):
        self.files, self.control = files, control
        self.rest_of = collections.OrderedDict()  # zone → what follows the head, the last few

    def commit(self, zone):
        file = self.files / f"{zone}.zone"
        if zone not in self.rest_of:
            self.read(zone, file)
        serial, rest = self.rest_of[zone]
        self.rest_of[zone] = serial + 1, rest
        new = file.with_suffix(".new")
        with open(new, "wb") as output:
            output.write(generate.text(generate.head(zone, serial + 1, next(changes))).encode())
            output.write(rest)
            output.flush()
            os.fdatasync(output.fileno())
        new.rename(file)
        self.sync_directory()
        answer = ask_socket(self.control, f"NSDCT1 reload {zone}")
        if answer != "ok":
            raise RuntimeError(f"nsd-control reload {zone}: {answer}")

    def sync_directory(self):
        """The new name, too, is to survive a power loss."""
        fd = os.open(self.files, os.O_RDONLY)
        os.fsync(fd)
        os.close(fd)

    def read(self, zone, file):
        soa, _, rest = file.read_bytes().split(b"\n", 2)
        self.rest_of[zone] = int(soa.split()[5]), rest
        while len(self.rest_of) > 1000:
            self.rest_of.popitem(last=False)

    def close(self):
        pass


class PdnsRows:
    """A change of rows in its database, then the caches are purged, and the secondary told, as by pdns_control."""

    def __init__(self, database, control, noticed):
        self.rows = sqlite3.connect(database, timeout=CHANGE_PATIENCE, isolation_level=None, check_same_thread=False)
        self.rows.execute("PRAGMA synchronous = FULL")
        self.control, self.noticed = control, noticed

    def commit(self, zone):
        run = self.rows.execute
        run("BEGIN IMMEDIATE")
        (soa,) = run("SELECT content FROM records WHERE name = ? AND type = 'SOA'", (zone,)).fetchone()
        serial = int(soa.split()[2]) + 1
        run("UPDATE records SET content = ? WHERE name = ? AND type = 'SOA'", (generate.soa(zone, serial), zone))
        host = f"{generate.HOST}.{zone}"
        run("UPDATE records SET content = ? WHERE name = ? AND type = 'A'", (new_address(), host))
        run("COMMIT")
        ask_socket(self.control, f"purge {zone}$")
        if zone == self.noticed:
            ask_socket(self.control, f"notify {zone}")

    def close(self):
        self.rows.close()


# ---- the servers ----


class Axfrd(Server):
    name, version_command = "axfrd", (BUILD / "axfrd", "--version")
    # What the unit file sets.
    environment = dict(re.findall(r"^Environment=(\w+)=(.*)$", (ROOT / "systemd/axfrd.service.in").read_text(), re.M))
    ways = ("transaction", "UPDATE")
    transfer_log = None  # a file

    def prepare(self):
        self.import_seconds = self.import_files(self.enable)

    def enable(self):
        """The secondary, with a name that the zone has among its NS already; and a key for UPDATE."""
        with contextlib.closing(Control(self.directory / "control.sock")) as control:
            zone = self.world.noticed
            control.call("secondary.enable", zone=zone, ns=f"ns1.{zone}", allow=SECONDARY)
            control.call("key.add", key=KEY, secret=SECRET)
            control.call("key.grant", key=KEY, zone="*")

    def command(self):
        return (
            BUILD / "axfrd", "--no-port", "--address", f"{ADDRESS}/8", "--store", self.directory / "store",
            "--control-socket", self.directory / "control.sock", "--allow-transfer", LOOPBACK,
            "--log-level", "warning", *(("--transfer-log", self.transfer_log) if self.transfer_log else ()),
        )  # fmt: skip

    def transfers(self):
        """The times by the wall clock at which transfers had been sent, to the millisecond, by their serial."""
        lines = map(json.loads, self.transfer_log.read_text().splitlines())
        return {line["to"]: line["time_ms"] / 1e3 for line in lines if line["event"] == "transfer"}

    def enable_all(self, addresses):
        """Secondary DNS for all zones; nobody need be at the addresses."""
        with contextlib.closing(Control(self.directory / "control.sock")) as control:
            control.call("secondary.disable", zone=self.world.noticed)  # it has others, by enable()
            for begin in range(0, len(self.world.names), 500):
                control.calls([
                    ("secondary.enable", {"zone": zone, "ns": f"ns1.{zone}", "allow": ",".join(addresses)})
                    for zone in self.world.names[begin : begin + 500]
                ])

    def import_files(self, then=lambda: None):
        """Starts with an empty store and the zone files, and stops; returns the seconds to the first answer."""
        shutil.rmtree(self.directory / "store", ignore_errors=True)
        begin = time.monotonic()
        self.start("--zones-dir", self.world.files)
        try:
            with Asker() as asker:
                asker.wait(self.world.names[-1], lambda serial: serial is not None, self, pause=0.002)
            seconds = time.monotonic() - begin
            then()
            return seconds
        finally:
            self.stop()

    def client(self, way):
        if way == "UPDATE":
            return SignedUpdates(KEY, SECRET)
        return Transactions(self.directory / "control.sock")

    @classmethod
    def version(cls):
        return subprocess.run(cls.version_command, capture_output=True, text=True).stdout.split()[-1]


class Nsd(Server):
    name, version_command = "nsd", ("nsd", "-v")
    ways = ("file, reload",)
    acknowledges_served = False

    def prepare(self):
        files, directory = self.own_files(), self.directory
        # No database: what its manual advises since 4.1, and all there is since 4.8. Zones stand in the zone list,
        # where `nsd-control addzone` would write them. No response rate limit.
        self.written("nsd.conf", [f"""
            server:
              username: ""
              database: ""
              ip-address: {ADDRESS}
              server-count: {len(self.cpus)}
              zonesdir: "{files}"
              pidfile: "{directory}/nsd.pid"
              zonelistfile: "{directory}/zone.list"
              xfrdfile: "{directory}/xfrd.state"
              xfrdir: "{directory}"
              verbosity: 0
              rrl-ratelimit: 0
            remote-control:
              control-enable: yes
              control-interface: "{directory}/nsd.sock"
            key:
              name: {KEY}
              algorithm: hmac-sha256
              secret: "{SECRET}"
            pattern:
              name: plain
              zonefile: "%s.zone"
              provide-xfr: {LOOPBACK} NOKEY
              provide-xfr: {LOOPBACK} {KEY}
            pattern:
              name: noticed
              zonefile: "%s.zone"
              notify: {SECONDARY} NOKEY
              provide-xfr: {LOOPBACK} NOKEY
              provide-xfr: {LOOPBACK} {KEY}
              store-ixfr: yes
              create-ixfr: yes
            """])  # fmt: skip
        self.written("zone.list", self.zone_list())

    def zone_list(self):
        yield from ("# NSD zone list", "# name pattern")
        for name in self.world.names:
            yield f"add {name} {self.pattern(name)}"

    def command(self):
        return "nsd", "-d", "-c", self.directory / "nsd.conf"

    def client(self, way):
        return NsdFiles(self.directory / "zones", self.directory / "nsd.sock")


class Knot(Server):
    name, version_command = "knot", ("knotd", "--version")
    ways = ("UPDATE", "control socket")
    more = ""  # sections of the configuration

    def prepare(self):
        files, directory, workers = self.own_files(), self.directory, len(self.cpus)
        # Changes go to the journal, and not into the zone file on each (zonefile-sync), as its manual advises for large
        # zones that change often. The configuration is a database, as it advises for many zones.
        configuration = self.written("knot.conf", [f"""
server:
  rundir: {directory}
  listen: {ADDRESS}
  udp-workers: {workers}
  tcp-workers: {workers}
  tcp-io-timeout: 0
  background-workers: {workers}
{self.more}control:
  listen: {directory}/knot.sock
log:
  - target: stderr
    any: warning
database:
  storage: {directory}
key:
  - id: {KEY}
    algorithm: hmac-sha256
    secret: {SECRET}
remote:
  - id: secondary
    address: {SECONDARY}
acl:
  - id: updates
    address: {ADDRESS}
    action: update
  - id: transfers
    address: {LOOPBACK}
    action: transfer
  - id: signed
    key: {KEY}
    action: transfer
template:
  - id: default
    storage: {files}
    file: "%s.zone"
    zonefile-load: whole
    zonefile-sync: -1
    journal-content: changes
    acl: [ updates, transfers, signed ]
  - id: noticed
    storage: {files}
    file: "%s.zone"
    zonefile-load: whole
    zonefile-sync: -1
    journal-content: changes
    acl: [ updates, transfers, signed ]
    notify: secondary
zone:""", *self.zone_list()])  # fmt: skip
        command = self.placed("knotc", "-C", directory / "confdb", "conf-import", configuration)
        subprocess.run(command, check=True, capture_output=True)

    def zone_list(self):
        for name in self.world.names:
            yield f"  - domain: {name}" + ("\n    template: noticed" if name == self.world.noticed else "")

    def command(self):
        return "knotd", "-C", self.directory / "confdb"

    def client(self, way):
        return Updates() if way == "UPDATE" else KnotControl(self.directory / "knot.sock")


class Bind(Server):
    name, version_command = "bind", ("named", "-v")

    def prepare(self):
        files = self.own_files()
        # notify-delay: by default it tells secondaries at most every 5 s, which would be all there is to see.
        self.written("named.conf", [f"""
            options {{
              directory "{files}";
              pid-file none;
              session-keyfile none;
              lock-file none;
              listen-on {{ {ADDRESS}; }};
              listen-on-v6 {{ none; }};
              recursion no;
              dnssec-validation no;
              empty-zones-enable no;
              minimal-responses yes;
              notify no;
              notify-delay 0;
              allow-transfer {{ {LOOPBACK}; }};
              transfers-out 200;
              allow-update {{ {ADDRESS}; }};
            }};
            logging {{
              channel warnings {{ stderr; severity warning; }};
              category default {{ warnings; }};
            }};
            controls {{ }};
            key "{KEY}" {{ algorithm hmac-sha256; secret "{SECRET}"; }};
            """, *self.zone_list()])  # fmt: skip

    def zone_list(self):
        for name in self.world.names:
            notify = f"notify explicit; also-notify {{ {SECONDARY}; }};" if name == self.world.noticed else ""
            yield f'zone "{name}" {{ type primary; file "{name}.zone"; {notify} }};'

    def command(self):
        return "named", "-f", "-n", len(self.cpus), "-c", self.directory / "named.conf"


class Pdns(Server):
    name, version_command = "pdns", ("pdns_server", "--version")
    ways = ("rows, purge",)
    SCHEMA = pathlib.Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")

    def prepare(self):
        # SQLite with a write-ahead log and default caches, as its manual advises; synced at each commit.
        self.written("pdns.conf", [
            "launch=gsqlite3",
            f"gsqlite3-database={self.directory / 'zones.db'}",
            "gsqlite3-pragma-journal-mode=WAL",
            f"local-address={ADDRESS}",
            f"socket-dir={self.directory}",
            f"receiver-threads={len(self.cpus)}",
            "primary=yes",
            "only-notify=",
            f"allow-axfr-ips={LOOPBACK}",
            "max-tcp-connections=200",
            "guardian=no",
            "daemon=no",
            "write-pid=no",
            "disable-syslog=yes",
            "loglevel=3",
            "security-poll-suffix=",
        ])  # fmt: skip
        self.fill()

    def fill(self):
        rows = sqlite3.connect(self.directory / "zones.db", isolation_level=None)
        rows.execute("PRAGMA journal_mode = WAL")
        rows.executescript(self.SCHEMA.read_text())
        rows.execute("BEGIN")
        for number, name in enumerate(self.world.names, 1):
            kind = "MASTER" if name == self.world.noticed else "NATIVE"
            rows.execute("INSERT INTO domains (id, name, type) VALUES (?, ?, ?)", (number, name, kind))
            rows.executemany(
                "INSERT INTO records (domain_id, name, type, content, ttl, auth) VALUES (?, ?, ?, ?, 3600, 1)",
                ((number, owner.rstrip("."), rdtype, rdata) for owner, rdtype, rdata in self.records(name)),
            )
        rows.execute(
            "INSERT INTO domainmetadata (domain_id, kind, content) SELECT id, 'ALSO-NOTIFY', ? FROM domains"
            " WHERE type = 'MASTER'", (SECONDARY,),
        )  # fmt: skip
        rows.execute("INSERT INTO tsigkeys (name, algorithm, secret) VALUES (?, 'hmac-sha256', ?)", (KEY, SECRET))
        rows.execute(
            "INSERT INTO domainmetadata (domain_id, kind, content) SELECT id, 'TSIG-ALLOW-AXFR', ? FROM domains"
            " WHERE type = 'MASTER'", (KEY,),
        )  # fmt: skip
        rows.execute("COMMIT")
        rows.execute("ANALYZE")
        rows.close()

    def records(self, name):
        yield from generate.head(name)
        yield from generate.body(name, self.world.records)

    def command(self):
        return "pdns_server", f"--config-dir={self.directory}"

    def client(self, way):
        return PdnsRows(self.directory / "zones.db", self.directory / "pdns.controlsocket", self.world.noticed)


class Secondary(Server):
    """NSD again, as the secondary of the noticed zone, on the bench's own CPU."""

    name = "secondary"

    def prepare(self):
        # It answers from what it has transferred at once. PowerDNS signs NOTIFY by the key that it is to allow AXFR to.
        self.written("nsd.conf", [f"""
            server:
              username: ""
              database: ""
              ip-address: {SECONDARY}
              server-count: 1
              zonesdir: "{self.directory}"
              pidfile: "{self.directory}/nsd.pid"
              zonelistfile: "{self.directory}/zone.list"
              xfrdfile: "{self.directory}/xfrd.state"
              xfrdir: "{self.directory}"
              xfrd-reload-timeout: 0
              verbosity: 0
              rrl-ratelimit: 0
            remote-control:
              control-enable: no
            key:
              name: {KEY}
              algorithm: hmac-sha256
              secret: "{SECRET}"
            zone:
              name: "{self.world.noticed}"
              request-xfr: {ADDRESS} NOKEY
              allow-notify: {ADDRESS} NOKEY
              allow-notify: {ADDRESS} {KEY}
              outgoing-interface: {SECONDARY}
            """])  # fmt: skip

    def command(self):
        return "nsd", "-d", "-c", self.directory / "nsd.conf"


SERVERS = {server.name: server for server in (Axfrd, Nsd, Knot, Bind, Pdns)}
