"""Makes small random zones out of few labels, so that many names are above, below or beside others."""

import random

import provider_zones

LABELS = ("a", "b", "c", "*", "ns")
TYPES = ("A", "A", "A", "AAAA", "MX", "TXT", "CNAME", "NS", "DS", "DNAME")


def is_below(name, ancestor):
    return len(name) > len(ancestor) and name[len(name) - len(ancestor) :] == ancestor


class Zone:
    def __init__(self, apex, seed):
        self.apex, self.pick = apex, random.Random(seed)
        self.rrsets = {}  # (labels, type) → data
        for _ in range(self.pick.randrange(3, 25)):
            self.add(self.labels(), self.pick.choice(TYPES))

    def labels(self):
        return tuple(self.pick.choice(LABELS) for _ in range(self.pick.randrange(0, 4)))

    def types_at(self, labels):
        return {rdtype for owner, rdtype in self.rrsets if owner == labels}

    def add(self, labels, rdtype):
        types = self.types_at(labels)
        if rdtype in ("CNAME", "DS", "NS") and not labels:
            return
        if "CNAME" in types if rdtype != "CNAME" else types:
            return
        if rdtype == "DS" and "NS" not in types:
            return
        # Name servers refuse to load a wildcard delegation, and names below a DNAME.
        if rdtype == "NS" and labels[0] == "*" or {rdtype, *types} >= {"NS", "DNAME"}:
            return
        if any("DNAME" in self.types_at(labels[at:]) for at in range(1, len(labels) + 1)):
            return
        if rdtype == "DNAME" and any(is_below(owner, labels) for owner, _ in self.rrsets):
            return
        self.rrsets.setdefault((labels, rdtype), []).append(self.data(rdtype))
        if rdtype in ("CNAME", "DNAME"):
            del self.rrsets[labels, rdtype][1:]

    def target(self):
        if self.pick.randrange(5) == 0:
            return "www.elsewhere.example."
        return ".".join((*self.labels(), self.apex)) + "."

    def data(self, rdtype):
        number = self.pick.randrange(1, 250)
        return {
            "A": f"192.0.2.{number}",
            "AAAA": f"2001:db8::{number:x}",
            "MX": f"{number} {self.target()}",
            "TXT": f'"text {number}"',
            "DS": f"{number} 13 2 {'ab' * 32}",
        }.get(rdtype) or self.target()

    def text(self):
        names = list(provider_zones.related(self.apex).values())
        lines = [f"$ORIGIN {self.apex}.", "$TTL 3600"]
        lines.append(f"@ SOA {self.pick.choice(names)} {self.pick.choice(names)} 1 7200 3600 1209600 300")
        lines.append("@ NS ns.elsewhere.example.")
        for (labels, rdtype), data in self.rrsets.items():
            for each in sorted(set(data)):
                lines.append(f"{'.'.join(labels) or '@'} {rdtype} {each}")
        return "\n".join(lines) + "\n"


def zones(count, seed):
    return {f"r{number:03}.test": Zone(f"r{number:03}.test", f"{seed} {number}").text() for number in range(count)}
