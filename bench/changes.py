"""The ways in which a client changes a zone of each server.

commit(zone) replaces the address of the zone's HOST by one that it never had, because an address that it has already
would be no change. It increments the serial, and returns when the server has acknowledged the change.
"""

import base64
import collections
import hmac
import itertools
import json
import os
import socket
import sqlite3
import struct
import time

import generate
from asking import ADDRESS, CHANGE_PATIENCE, soa_query, wire_name

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
    """The same, signed with a TSIG key (RFC 8945, hmac-sha256). axfrd accepts only signed updates."""

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
    """axfrd's control socket: JSON-RPC. calls() sends all of its calls in one write, then reads the replies."""

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
    """Sends a transaction as a whole, so that it takes one round trip as an UPDATE does."""

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
    """Sends knotc's zone-begin, zone-unset, zone-set and zone-commit without a process for each. Knot serves one
    connection of its control socket at a time, so each transaction opens its own."""

    def __init__(self, path):
        import libknot.control  # here, so that --help works before anything is installed

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
        """Tries repeatedly: Knot queues only a few connections, and refuses the others."""
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
    """Sends one line to a control socket whose server answers and then closes; returns the answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(CHANGE_PATIENCE)
        sock.connect(str(path))
        sock.sendall(line.encode() + b"\n")
        answer = b""
        while more := sock.recv(4096):
            answer += more
    return answer.decode().strip("\0\n ")


class NsdFiles:
    """Replaces the zone file, and does what `nsd-control reload ZONE` does. The text of the zone is kept in memory, so
    that only writing and syncing are counted."""

    def __init__(self, files, control):
        self.files, self.control = files, control
        self.rest_of = collections.OrderedDict()  # zone → serial, and the text behind the head; of the last zones used

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
        """Makes the new name durable, too."""
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
    """Changes rows in PowerDNS's database, then purges its caches and has it send NOTIFY, as pdns_control does."""

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
