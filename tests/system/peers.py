"""Real secondaries, each in a host of its own, with one configuration: transfer these zones from that primary.

All of them answer on port 53 of every address of their host, and give their copies to that host itself.
"""

import dns.message
import dns.query

import zones
from lab import IPV4, wait_until


class Secondary:
    def __init__(self, host, names, primary=IPV4):
        self.host, self.names, self.primary = host, names, primary
        self.process = host.spawn(*self.command(host.directory))

    def configuration(self, directory, name, text):
        file = directory / name
        file.write_text(text)
        return file

    def serial(self, name):
        """The serial it serves, or None as long as it has no copy."""
        with self.host.inside():
            try:
                answer = dns.query.udp(dns.message.make_query(name, "SOA"), "127.0.0.1", timeout=1).answer
            except OSError:
                return None
            except dns.exception.Timeout:
                return None
        return answer[0][0].serial if answer else None

    def wait(self, timeout=60):
        """Until it has a copy of every zone."""
        missing = list(self.names)

        def done():
            assert self.process.poll() is None, f"ended with {self.process.returncode}"
            missing[:] = [name for name in missing if self.serial(name) is None]
            return not missing

        wait_until(done, f"{type(self).__name__} to transfer {self.names}", timeout)
        return self

    def copy(self, name):
        with self.host.connect("127.0.0.1") as sock:
            return zones.transfer(sock, name)


class Nsd(Secondary):
    def command(self, directory):
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
            remote-control:
              control-enable: no
            """
        for name in self.names:
            text += f"""
            zone:
              name: {name}
              zonefile: "{name}.copy"
              request-xfr: {self.primary} NOKEY
              allow-notify: {self.primary} NOKEY
              provide-xfr: 127.0.0.1 NOKEY
            """
        return "nsd", "-d", "-c", self.configuration(directory, "nsd.conf", text)


class Knot(Secondary):
    def command(self, directory):
        text = f"""
server:
  rundir: {directory}
  listen: [ 0.0.0.0@53, "::@53" ]
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
log:
  - target: stderr
    any: info
database:
  storage: {directory}
remote:
  - id: primary
    address: "{self.primary}"
acl:
  - id: notified
    address: "{self.primary}"
    action: notify
  - id: copied
    address: 127.0.0.1
    action: transfer
template:
  - id: default
    storage: {directory}
    master: primary
    acl: [ notified, copied ]
zone:
"""
        text += "".join(f"  - domain: {name}\n" for name in self.names)
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
            }};
            controls {{ }};
            """
        for name in self.names:
            text += f"""
            zone "{name}" {{
              type secondary;
              file "{name}.copy";
              primaries {{ {self.primary}; }};
            }};
            """
        return "named", "-g", "-n", "1", "-c", self.configuration(directory, "named.conf", text)
