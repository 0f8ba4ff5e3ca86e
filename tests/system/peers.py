"""Other name servers, each in a host of its own. They are secondaries of a primary for some zones, or primaries that
serve zone files.

All of them answer on port 53 of every address of their host, and allow transfers to that host.
"""

import pathlib
import sqlite3
import time
import typing

import dns.message
import dns.query

import zones
from lab import IPV4, PATIENCE, wait_until


class Key(typing.NamedTuple):
    """A TSIG key."""

    name: str
    secret: str
    algorithm: str = "hmac-sha256"


class Secondary:
    """key: a Key, or the arguments of one, with which its requests are signed.
    files: a directory with NAME.zone for each name. If given, the server is a primary, and transfers nothing."""

    def __init__(self, host, names, primary=IPV4, key=None, files=None):
        self.host, self.names, self.primary, self.files = host, names, primary, files
        self.key = Key(*key) if key else None
        self.prepare(host.directory)
        self.start()

    def prepare(self, directory):
        pass

    def start(self):
        self.process = self.host.spawn(*self.command(self.host.directory))

    def kill(self):
        self.process.kill()
        self.process.wait()

    def configuration(self, directory, name, text):
        file = directory / name
        file.write_text(text)
        return file

    def serial(self, name):
        """The serial that it serves, or None while it has no copy."""
        with self.host.inside():
            try:
                answer = dns.query.udp(dns.message.make_query(name, "SOA"), "127.0.0.1", timeout=1).answer
            except OSError:
                return None
            except dns.exception.Timeout:
                return None
        return answer[0][0].serial if answer else None

    def wait(self, timeout=PATIENCE):
        """Waits until it has a copy of every zone."""
        missing = list(self.names)

        def done():
            assert self.process.poll() is None, f"ended with {self.process.returncode}"
            missing[:] = [name for name in missing if self.serial(name) is None]
            return not missing

        wait_until(done, f"{type(self).__name__} to transfer {self.names}", timeout)
        return self

    @classmethod
    def comparable(cls, records):
        return records

    def wait_to_serve(self, name, serial):
        """Waits until it serves the serial. A transferred zone is not served at once: NSD loads it a second later, and
        PowerDNS when it is in the database."""
        what = f"{type(self).__name__} to serve serial {serial} of {name}"
        wait_until(lambda: self.serial(name) == serial, what)

    def copy(self, name, tries=3):
        """Transfers its copy. When NSD has loaded something new, another process serves, and open connections are
        reset. So this tries several times."""
        try:
            with self.host.connect("127.0.0.1") as sock:
                return zones.transfer(sock, name)
        except ConnectionResetError:
            if tries == 1:
                raise
            time.sleep(0.5)
            return self.copy(name, tries - 1)


class Nsd(Secondary):
    def command(self, directory):
        key = self.key.name if self.key else "NOKEY"
        text = f"""
            server:
              username: ""
              database: ""
              zonesdir: "{directory}"
              pidfile: "{directory}/nsd.pid"
              zonelistfile: "{directory}/zone.list"
              xfrdfile: "{directory}/xfrd.state"
              xfrdir: "{directory}"
              verbosity: 2
              rrl-ratelimit: 0
              ipv4-edns-size: 1232
              ipv6-edns-size: 1232
              tcp-query-count: 0
            remote-control:
              control-enable: no
            """
        if self.key:
            text += f"""
            key:
              name: {key}
              algorithm: {self.key.algorithm}
              secret: "{self.key.secret}"
            """
        for name in self.names:
            text += f"""
            zone:
              name: {name}
              provide-xfr: 127.0.0.1 NOKEY
            """
            if self.files:
                text += f"""
              zonefile: "{self.files}/{name}.zone"
              allow-notify: {self.primary} {key}
            """
                continue
            text += f"""
              zonefile: "{name}.copy"
              request-xfr: {self.primary} {key}
              allow-notify: {self.primary} {key}
            """
        return "nsd", "-d", "-c", self.configuration(directory, "nsd.conf", text)


class Knot(Secondary):
    """tcp-io-timeout: by default, Knot closes a session in which it could not send for 500 ms. A test that decodes a
    large copy while it reads may take longer."""

    def command(self, directory):
        key = f"key: {self.key.name}" if self.key else ""
        keys = f"""
key:
  - id: {self.key.name}
    algorithm: {self.key.algorithm}
    secret: {self.key.secret}
""" if self.key else ""
        text = f"""
server:
  rundir: {directory}
  listen: [ 0.0.0.0@53, "::@53" ]
  udp-max-payload: 1232
  tcp-io-timeout: 0
  tcp-idle-timeout: 600
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
log:
  - target: stderr
    any: info
database:
  storage: {directory}
{keys}
remote:
  - id: primary
    address: "{self.primary}"
    {key}
acl:
  - id: notified
    address: "{self.primary}"
    action: notify
    {key}
  - id: copied
    address: 127.0.0.1
    action: transfer
template:
  - id: default
    storage: {self.files or directory}
    {"zonefile-sync: -1" if self.files else "master: primary"}
    acl: [ notified, copied ]
    semantic-checks: off
zone:
"""
        for name in self.names:
            text += f"  - domain: {name}\n"
            if self.files:
                text += f"    file: {self.files}/{name}.zone\n"
        return "knotd", "-c", self.configuration(directory, "knot.conf", text)


class Bind(Secondary):
    def command(self, directory):
        text = f"""
            options {{
              directory "{directory}";
              pid-file none;
              session-keyfile none;
              lock-file none;
              listen-on {{ any; }};
              listen-on-v6 {{ any; }};
              recursion no;
              dnssec-validation no;
              empty-zones-enable no;
              notify no;
              allow-transfer {{ 127.0.0.1; }};
              minimal-responses yes;
              max-udp-size 1232;
              edns-udp-size 1232;
              max-records-per-type 0;
              max-types-per-name 0;
            }};
            controls {{ }};
            """
        key = f'key "{self.key.name}"' if self.key else ""
        if self.key:
            text += f'{key} {{ algorithm {self.key.algorithm}; secret "{self.key.secret}"; }};'
        for name in self.names:
            if self.files:
                text += f"""
            zone "{name}" {{
              type primary;
              file "{self.files}/{name}.zone";
              check-names ignore;
              check-integrity no;
            }};
            """
                continue
            text += f"""
            zone "{name}" {{
              type secondary;
              file "{name}.copy";
              primaries {{ {self.primary} {key}; }};
            }};
            """
        return "named", "-g", "-n", "1", "-c", self.configuration(directory, "named.conf", text)


class Pdns(Secondary):
    """PowerDNS serves transferred DNSKEY, CDS and CDNSKEY only with direct-dnskey, and with the TTL of negative
    answers. It does not keep NSEC, NSEC3 and NSEC3PARAM, only the kind of chain, and makes these records itself."""

    OTHER_TTL = (48, 59, 60)
    MADE_ANEW = (47, 50, 51)

    @classmethod
    def comparable(cls, records):
        """The records that its copy must have in common with the primary; TTLs that it changes become 0."""
        kept = (each for each in records if each.type not in cls.MADE_ANEW)
        return [each._replace(ttl=0) if each.type in cls.OTHER_TTL else each for each in kept]

    def prepare(self, directory):
        database = directory / "zones.db"
        rows = sqlite3.connect(database)
        rows.executescript(pathlib.Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql").read_text())
        if self.key:
            rows.execute("INSERT INTO tsigkeys (name, secret, algorithm) VALUES (?, ?, ?)", self.key)
        for name in self.names:
            zone = (name, self.primary)
            added = rows.execute("INSERT INTO domains (name, type, master) VALUES (?, 'SLAVE', ?)", zone)
            metadata = [("IXFR", "1")] + ([("AXFR-MASTER-TSIG", self.key.name)] if self.key else [])
            for kind, content in metadata:
                rows.execute(
                    "INSERT INTO domainmetadata (domain_id, kind, content) VALUES (?, ?, ?)",
                    (added.lastrowid, kind, content),
                )
        rows.commit()
        rows.close()

    def command(self, directory):
        text = f"""
            launch=gsqlite3
            gsqlite3-database={directory}/zones.db
            socket-dir={directory}
            local-address=0.0.0.0, ::
            secondary=yes
            gsqlite3-pragma-journal-mode=WAL
            gsqlite3-dnssec=yes
            direct-dnskey=yes
            retrieval-threads=1
            xfr-cycle-interval=5
            allow-axfr-ips=127.0.0.0/8
            cache-ttl=0
            query-cache-ttl=0
            negquery-cache-ttl=0
            zone-cache-refresh-interval=0
            zone-metadata-cache-ttl=0
            """
        self.configuration(directory, "pdns.conf", "\n".join(line.strip() for line in text.splitlines()))
        return "pdns_server", f"--config-dir={directory}"
