#!/usr/bin/python3
"""Zones as sets of records: read from files, made up, transferred, and compared record for record.

usage: zones.py make NAME RECORDS                 print a made-up zone, always the same for the same arguments
       zones.py queries FILE...                   print a query a line, as dnsperf reads them, for all that FILEs hold
       zones.py compare FILE ADDRESS              transfer FILE's zone from ADDRESS; exit 1 and say what differs
A FILE is called after its zone: example.com.zone.
"""

import collections
import pathlib
import random
import socket
import struct
import sys
import typing

import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.zone


class Record(typing.NamedTuple):
    """A record in canonical form (RFC 4034 section 6), which is equal on all servers that have the same zone."""

    owner: str
    ttl: int
    type: int
    rdata: bytes

    @staticmethod
    def of(owner, ttl, rdata):
        return Record(owner.canonicalize().to_text(), ttl, rdata.rdtype, rdata.to_digestable())

    def __str__(self):
        return f"{self.owner} {self.ttl} {dns.rdatatype.to_text(self.type)} {rdata_of(self)}"


def rdata_of(record):
    return dns.rdata.from_wire(dns.rdataclass.IN, record.type, record.rdata, 0, len(record.rdata))


def name_of(file):
    return pathlib.Path(file).name.removesuffix(".zone")


def read(file):
    """The sorted records of a zone file."""
    return parse(pathlib.Path(file).read_text(), name_of(file))


def parse(text, name):
    zone = dns.zone.from_text(text, origin=name, relativize=False)
    return sorted(Record.of(*each) for each in zone.iterate_rdatas())


def transfer(sock, name, on_message=None):
    """AXFR over a connected TCP socket. Returns the sorted records, without the closing SOA."""
    query = dns.message.make_query(name, "AXFR", flags=0)
    send(sock, query.to_wire())
    records, serials = [], 0
    while serials < 2:
        wire = receive(sock)
        if on_message:
            on_message(wire)
        answer = dns.message.from_wire(wire, one_rr_per_rrset=True, xfr=True)
        if answer.rcode() != 0 or answer.id != query.id:
            raise RuntimeError(f"AXFR of {name}: {dns.rcode.to_text(answer.rcode())}")
        for rrset in answer.answer:
            if serials == 2:
                raise RuntimeError(f"AXFR of {name}: records after the closing SOA")
            serials += rrset.rdtype == dns.rdatatype.SOA
            records.append(Record.of(rrset.name, rrset.ttl, rrset[0]))
    if records[0] != records[-1]:
        raise RuntimeError(f"AXFR of {name}: opened by {records[0]}, closed by {records[-1]}")
    return sorted(records[:-1])


def follow(sock, name, records):
    """IXFR over a connected TCP socket (RFC 1995 section 4), from the version in `records`. Returns the new one."""
    (soa,) = (record for record in records if record.type == dns.rdatatype.SOA)
    query = dns.message.make_query(name, "IXFR", flags=0)
    query.authority.append(dns.rrset.from_rdata(dns.name.from_text(soa.owner), soa.ttl, rdata_of(soa)))
    send(sock, query.to_wire())
    answer = []
    while len(answer) < 2 or answer.count(answer[0]) < (3 if answer[1] == soa else 2):
        message = dns.message.from_wire(receive(sock), one_rr_per_rrset=True, xfr=True)
        assert message.rcode() == 0 and message.id == query.id
        answer += [Record.of(rrset.name, rrset.ttl, rrset[0]) for rrset in message.answer]
    if answer[1] != soa:
        return sorted(answer[:-1])
    middle = answer.index(answer[0], 1)
    removed, added = collections.Counter(answer[1:middle]), collections.Counter(answer[middle:-1])
    held = collections.Counter(records)
    if removed - held:
        raise RuntimeError(f"IXFR of {name} removes what is not there: {next(iter(removed - held))}")
    return sorted((held - removed + added).elements())


def send(sock, wire):
    sock.sendall(struct.pack("!H", len(wire)) + wire)


def receive(sock):
    return receive_exactly(sock, struct.unpack("!H", receive_exactly(sock, 2))[0])


def receive_exactly(sock, size):
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise EOFError("the connection was closed in the middle of a message")
        data += more
    return data


def differences(ours, theirs):
    """The records that only one side has, or has more often, as lines to read."""
    ours, theirs = collections.Counter(ours), collections.Counter(theirs)
    return [f"- {each}" for each in (ours - theirs).elements()] + [f"+ {each}" for each in (theirs - ours).elements()]


def make(name, records):
    """Zone text of about that many records, with the types of a typical customer's zone."""
    pick = random.Random(f"{name} {records}")

    def address():
        return f"198.51.100.{pick.randrange(1, 255)}"

    def address6():
        return f"2001:db8:1::{pick.randrange(1, 0xffff):x}"

    def host(number):
        return f"h{number:06}"

    lines = [
        f"$ORIGIN {name}.",
        "$TTL 3600",
        "@ SOA ns1 hostmaster 1 7200 3600 1209600 300",
        "@ NS ns1",
        "@ NS ns2",
        "@ MX 10 mail",
        '@ TXT "v=spf1 mx -all"',
        '@ CAA 0 issue "ca.example.net"',
        "ns1 A 192.0.2.53",
        "ns2 A 198.51.100.52",
        f"mail A {address()}",
        f"mail AAAA {address6()}",
    ]
    number = 1
    while len(lines) - 2 < records:
        owner, earlier = host(number), host(pick.randrange(number))
        number += 1
        kind = pick.randrange(100)
        if kind < 50:
            lines += [f"{owner} A {address()}"]
        elif kind < 65:
            lines += [f"{owner} 600 A {address()}", f"{owner} AAAA {address6()}"]
        elif kind < 75:
            lines += [f"{owner} CNAME {earlier}"]
        elif kind < 82:
            lines += [f"{owner} MX 10 mail", f'{owner} TXT "v=spf1 mx -all"', f"{owner} A {address()}"]
        elif kind < 88:
            lines += [f"_sip._udp.{owner} SRV 10 60 5060 mail"]
        elif kind < 92:
            lines += [f"{owner} NS ns1.{owner}", f"{owner} NS ns2.example.net.", f"ns1.{owner} A {address()}"]
        elif kind < 94:
            lines += [f"*.{owner} A {address()}", f"there.{owner} AAAA {address6()}"]
        elif kind < 96:
            lines += [f'{owner} CAA 0 issue "ca{number}.example.net"']
        else:
            lines += [f'{owner} TXT "{pick.getrandbits(400):0100x}"']
    return "\n".join(lines) + "\n"


def queries(files):
    """A line `NAME TYPE` for each RRset, and one with a name that does not exist after every tenth of them."""
    lines = []
    for file in files:
        rrsets = {(record.owner, record.type) for record in read(file)}
        for count, (owner, rdtype) in enumerate(sorted(rrsets)):
            lines.append(f"{owner} {dns.rdatatype.to_text(rdtype)}")
            if count % 10 == 0:
                lines.append(f"nothing-{count}.{name_of(file)}. A")
    random.Random(1).shuffle(lines)
    return "\n".join(lines) + "\n"


def main(arguments):
    match arguments:
        case ["make", name, records]:
            sys.stdout.write(make(name, int(records)))
        case ["queries", *files] if files:
            sys.stdout.write(queries(files))
        case ["compare", file, address]:
            with socket.create_connection((address, 53), timeout=60) as sock:
                found = differences(read(file), transfer(sock, name_of(file)))
            print("\n".join(found) if found else f"{name_of(file)}: {len(read(file))} records, identical")
            return 1 if found else 0
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
