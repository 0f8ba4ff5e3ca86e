"""A resolver in the lab."""

import signal

from lab import wait_until


class Resolver:
    """BIND as a resolver, which is also the primary of one zone."""

    def __init__(self, host, zone="target.test"):
        self.host, self.zone, self.serial, self.process = host, zone, 0, None
        self.file = host.directory / f"{zone}.zone"

    def set(self, *records, ttl=1):
        """Replaces the records of the zone, except for its SOA and name server."""
        self.serial += 1
        soa = f"@ SOA ns hostmaster {self.serial} 3600 600 86400 1"
        lines = [f"$TTL {ttl}", soa, "@ NS ns", f"ns A {self.host.ipv4}"]
        self.file.write_text("\n".join([*lines, *records]) + "\n")
        if self.process:
            self.process.send_signal(signal.SIGHUP)
        return self

    def start(self):
        directory = self.host.directory
        configuration = directory / "named.conf"
        configuration.write_text(f"""
            options {{
              directory "{directory}";
              pid-file none;
              session-keyfile none;
              lock-file none;
              listen-on {{ any; }};
              recursion yes;
              allow-recursion {{ any; }};
              dnssec-validation no;
              empty-zones-enable no;
            }};
            controls {{ }};
            zone "{self.zone}" {{ type primary; file "{self.file.name}"; }};
            """)
        self.process = self.host.spawn("named", "-g", "-n", "1", "-c", configuration)
        wait_until(lambda: "running" in self.process.log.read_text(), "BIND to run")
        return self

    def stop(self):
        self.process.terminate()
        self.process.wait()
