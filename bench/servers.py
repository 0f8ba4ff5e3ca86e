"""The servers that the benches compare: how each is configured and started, and how its zones are changed.

All of them serve on 127.0.0.1 of the bench's own network namespace, on the same CPUs, without DNSSEC. A change that
they have acknowledged survives a power loss. Each is configured as its manual recommends for many zones that change.
"""

import collections
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import time

import generate
from asking import ADDRESS, SECONDARY, Asker
from changes import Control, KnotControl, NsdFiles, PdnsRows, SignedUpdates, Transactions, Updates
from processes import die_with_us, process_cpu, session_of, user_cpu_of

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = pathlib.Path(os.environ.get("AXFRD_BUILD", ROOT / "build"))
# The network that may transfer zones, unsigned or signed with this key. axfrd also accepts updates signed with it.
LOOPBACK = "127.0.0.0/8"
KEY, SECRET = "bench.key", "c2l4dGVlbiBvY3RldHMgYW5kIHNpeHRlZW4gbW9yZSE="

# The zones that servers are given: `files` holds NAME.zone for each of `names`. The secondary gets NOTIFY of changes in
# `noticed`, which is the last of the names.
World = collections.namedtuple("World", "directory files names records noticed")


class Server:
    """A server's configuration and saved state for one world. The saved state survives stop()."""

    name = version_command = None
    # The ways in which its operators change a zone; the first is the usual one.
    ways = ("UPDATE",)
    environment = {}  # in addition to the bench's own
    # Whether a change is served as soon as it is acknowledged.
    acknowledges_served = True

    def __init__(self, world, cpus):
        self.world, self.cpus, self.process = world, cpus, None
        self.serial = generate.SERIAL  # of the noticed zone, as it was last served
        self.directory = world.directory / self.name
        self.log = self.directory / "log"
        self.directory.mkdir()
        self.prepare()

    def prepare(self):
        """Makes the configuration and the saved state."""
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    def placed(self, *command):
        """The same command, to be run in the namespace of the server."""
        return command

    def client(self, way):
        """A client that changes zones in one of the `ways`."""
        return Updates()

    @classmethod
    def version(cls):
        done = subprocess.run(cls.version_command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return re.search(r"\d+\.\d+\.\d+", done.stdout)[0]

    def own_files(self):
        """Hard links to the zone files, in a directory of a server that writes beside its files or replaces them."""
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
        """Starts the process, and does not wait for it to be ready."""
        for stale in (*self.directory.glob("*.pid"), *self.directory.glob("*.sock*")):
            stale.unlink()

        def prepare_child():
            os.sched_setaffinity(0, self.cpus)
            die_with_us()

        command = [*map(str, self.placed(*self.command(), *arguments))]
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                preexec_fn=prepare_child, env={**os.environ, **self.environment},
            )

    def stop(self):
        """Kills all processes of the server, as by a power loss. Only saved state is left."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        try:
            while True:  # orphans of the server, which have become our children
                os.waitpid(-self.process.pid, 0)
        except ChildProcessError:
            pass
        self.process = None

    def pids(self):
        all_pids = (int(entry) for entry in os.listdir("/proc") if entry.isdigit())
        return [pid for pid in all_pids if session_of(pid)[0] == self.process.pid]

    def cpu(self):
        """CPU seconds of all its processes, including those that have ended."""
        return sum(process_cpu(pid) + session_of(pid)[1] for pid in self.pids())

    def user_cpu(self):
        """The part of cpu() that was spent in user space."""
        return sum(map(user_cpu_of, self.pids()))

    def memory(self):
        """RSS and PSS of all its processes, in octets. RSS counts shared memory once for each process."""
        total = collections.Counter()
        for pid in self.pids():
            try:
                rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            except OSError:  # it has ended
                continue
            total.update({kind: int(kib) * 1024 for kind, kib in re.findall(r"^(Rss|Pss): +(\d+)", rollup, re.M)})
        return total["Rss"], total["Pss"]

    def confine(self):
        """Sets the affinity of its threads to its CPUs, once they run: each UDP thread of Knot binds itself to a CPU,
        from 0 on. A thread that has bound itself to some of the right CPUs is left alone."""
        for pid in self.pids():
            for entry in pathlib.Path(f"/proc/{pid}/task").glob("*"):
                with contextlib.suppress(ProcessLookupError):  # it has ended
                    if not os.sched_getaffinity(int(entry.name)) <= self.cpus:
                        os.sched_setaffinity(int(entry.name), self.cpus)

    def settle(self):
        """Waits until the server is idle. It may answer already while it still loads other zones."""
        self.confine()
        before = -1.0
        while (now := self.cpu()) - before > 0.02:
            before = now
            time.sleep(0.5)


# ---- the servers ----


class Axfrd(Server):
    name, version_command = "axfrd", (BUILD / "axfrd", "--version")
    # The variables that the unit file sets.
    environment = dict(re.findall(r"^Environment=(\w+)=(.*)$", (ROOT / "systemd/axfrd.service.in").read_text(), re.M))
    ways = ("transaction", "UPDATE")
    transfer_log = None  # the path of the log, if it is to be written

    def prepare(self):
        self.import_seconds = self.import_files(self.enable)

    def enable(self):
        """Enables the secondary, with a name that the zone has among its NS already; and adds a key for UPDATE."""
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
        """Serial → the wall-clock time at which its transfer had been sent, to the millisecond."""
        lines = map(json.loads, self.transfer_log.read_text().splitlines())
        return {line["to"]: line["time_ms"] / 1e3 for line in lines if line["event"] == "transfer"}

    def enable_all(self, addresses):
        """Enables Secondary DNS for all zones. The addresses need not answer."""
        with contextlib.closing(Control(self.directory / "control.sock")) as control:
            control.call("secondary.disable", zone=self.world.noticed)  # enable() gave it another secondary
            for begin in range(0, len(self.world.names), 500):
                control.calls([
                    ("secondary.enable", {"zone": zone, "ns": f"ns1.{zone}", "allow": ",".join(addresses)})
                    for zone in self.world.names[begin : begin + 500]
                ])

    def import_files(self, then=lambda: None):
        """Starts with an empty store and the zone files, then stops. Returns the seconds to the first answer."""
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
        # No database, as its manual advises since 4.1; since 4.8 there is none. Zones are in the zone list, where
        # `nsd-control addzone` would write them. No response rate limit.
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
    more = ""  # further sections of the configuration

    def prepare(self):
        files, directory, workers = self.own_files(), self.directory, len(self.cpus)
        # Changes go to the journal; the zone file is not rewritten for each (zonefile-sync). The manual advises this
        # for large zones that change often. The configuration is a database, as it advises for many zones.
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
        # notify-delay: by default BIND sends NOTIFY at most every 5 s, and the figures would show only that delay.
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
        # SQLite with a write-ahead log and default caches, as its manual advises. It syncs at each commit.
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
    """NSD as the secondary of the noticed zone, on the CPU of the bench."""

    name = "secondary"

    def prepare(self):
        # xfrd-reload-timeout: it serves a transferred zone at once. The key is for PowerDNS, which signs NOTIFY with
        # the key that it allows AXFR to.
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
