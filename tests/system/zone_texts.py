"""Random zone files as operators write them: with and without TTLs, with blank owners, directives and included files.

Each RRset has one record, so that the TTL that a server read is the TTL that it serves."""

import random

UNITS = ["s", "m", "h", "d", "w", "S", "M", "H", "D", "W"]


class ZoneText:
    """A zone made from `seed`. `zone`: its name; `text`: its file; `included`: name → text of an included file."""

    def __init__(self, seed):
        self.draw = random.Random(seed)
        self.zone = f"z{seed}.example."
        self.names = 0
        self.types = []  # types that the current owner does not have yet
        self.included = {}
        self.text = self.header() + self.body(self.draw.randint(3, 14), depth=0)

    def header(self):
        lines = []
        if self.draw.random() < 0.4:
            lines.append(f"$TTL {self.ttl()}")
        head, minimum = self.ttl_and_class(), self.draw.randint(1, 9999)
        lines.append(f"@ {head}SOA ns.example.net. h.example.net. 1 7200 3600 1209600 {minimum}")
        lines.append(f"@ {self.ttl_and_class()}NS ns.example.net.")
        return "\n".join(lines) + "\n"

    def ttl(self):
        if self.draw.random() < 0.6:
            return str(self.draw.choice([0, 1, 60, 300, 3600, 86400, 2147483647, self.draw.randint(0, 99999)]))
        units = self.draw.sample(["w", "d", "h", "m", "s"], self.draw.randint(1, 3))
        return "".join(f"{self.draw.randint(0, 30)}{self.draw.choice([u, u.upper()])}" for u in units)

    def ttl_and_class(self):
        words = []
        if self.draw.random() < 0.4:
            words.append(self.ttl())
        if self.draw.random() < 0.4:
            words.append(self.draw.choice(["IN", "in"]))
        self.draw.shuffle(words)
        return "".join(word + self.blank() for word in words)

    def blank(self):
        return self.draw.choice([" ", "\t", "  "])

    def fresh(self):
        self.names += 1
        return f"n{self.names}"

    def owner(self):
        """An owner, or nothing, which means the owner of the record before."""
        if self.types and self.draw.random() < 0.35:
            return ""
        self.types = ["A", "AAAA", "MX", "TXT", "SRV"]
        kind = self.draw.random()
        if kind < 0.7:
            return self.fresh()
        if kind < 0.85:
            return f"{self.fresh()}.{self.zone}"
        if kind < 0.92:
            return f"{self.fresh()}.{self.fresh()}"
        return f"{self.fresh()}.elsewhere.test."

    def data(self, record_type):
        n = self.draw.randint(1, 250)
        return {
            "A": f"192.0.2.{n}",
            "AAAA": f"2001:db8::{n:x}",
            "MX": f"{n} mail{self.draw.choice(['', '.example.net.'])}",
            "TXT": f'"t {n}" ({self.blank()}"two" ; comment\n )',
            "SRV": f"0 {n} 53 host",
        }[record_type]

    def record(self):
        owner = self.owner()
        record_type = self.types.pop(self.draw.randrange(len(self.types)))
        return f"{owner}{self.blank()}{self.ttl_and_class()}{record_type}{self.blank()}{self.data(record_type)}"

    def generate(self):
        start = self.draw.randint(0, 20)
        span = self.draw.randint(0, 12)
        step = self.draw.choice(["", "", "/1", "/2", "/5"])
        braces = self.draw.choice(["$", "${0}", "${5}", "${0,3}", "${0,3,d}", "${1,2,x}", "${10,4,X}", "${0,2,o}",
                                   "${0,0,d}"])
        name = self.fresh()
        owner = self.draw.choice([f"{name}-$", f"{name}-{braces}", f"$.{name}", f"{name}${{0,7,n}}x", f"{name}\\$$",
                                  f"{name}${{0,5,N}}.{name}"])
        record_type, data = self.draw.choice([
            ("A", "192.0.2.$"), ("AAAA", "2001:db8::${0,4,x}"), ("CNAME", f"host-{braces}"),
            ("PTR", "host$.example.net."),
            ("TXT", f'"text $ {braces}"'), ("MX", '"10 mail$"'), ("NS", "ns$.example.net."),
        ])
        return f"$GENERATE {start}-{start + span}{step} {owner} {self.ttl_and_class()}{record_type} {data}"

    def body(self, lines, depth):
        made = []
        for _ in range(lines):
            kind = self.draw.random()
            if kind < 0.70:
                made.append(self.record())
            elif kind < 0.76:
                made.append(f"$TTL {self.ttl()}")
            elif kind < 0.84:
                made.append(f"$ORIGIN {self.draw.choice([self.zone, 'sub', self.fresh(), 'elsewhere.test.'])}")
            elif kind < 0.91:
                made.append(self.generate())
            elif depth < 3:
                name = f"{self.zone}part{len(self.included)}"
                self.included[name] = None  # reserves the name
                types = self.types
                self.included[name] = self.body(self.draw.randint(0, 5), depth + 1)
                self.types = types  # after $INCLUDE, the owner is the one before it
                origin = self.draw.choice(["", "", " inc", f" {self.fresh()}.{self.zone}"])
                made.append(f"{self.draw.choice(['$INCLUDE', '$include'])} {name}{origin}")
            if self.draw.random() < 0.1:
                made.append(self.draw.choice(["", "   ", "; only a comment", "\t; and another"]))
        return "".join(line + "\n" for line in made)

    def write(self, directory):
        """Writes the zone file, named after its zone, and the files that it includes; returns its path."""
        for name, text in self.included.items():
            (directory / name).write_text(text)
        file = directory / f"{self.zone.rstrip('.')}.zone"
        file.write_text(self.text)
        return file
