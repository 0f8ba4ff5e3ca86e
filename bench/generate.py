#!/usr/bin/python3
"""Made-up zones for the benches, always the same for the same arguments, written as a stream.

usage: generate.py small DIRECTORY ZONES       write ZONES files NAME.zone of 12 records each into DIRECTORY
       generate.py large RECORDS               print the zone large.example of RECORDS records
"""

import pathlib
import sys

SERIAL = 1
SMALL_RECORDS = 12
LARGE = "large.example"
# The host whose address commits change. Its record is at the head of each zone file, so that a change for NSD replaces
# the head alone.
HOST = "host1"


def small_name(number):
    return f"z{number:07}.example"


def small_names(zones):
    return (small_name(number) for number in range(zones))


def number_of(name):
    return int(name[1 : name.index(".")])


def address(number):
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def address6(number):
    return f"2001:db8:1::{number & 0xFFFF:x}"


def soa(name, serial):
    return f"ns1.{name}. hostmaster.{name}. {serial} 7200 3600 1209600 300"


def head(name, serial=SERIAL, host=1):
    """The records at the head of each zone, which commits change: (owner, type, RDATA), with absolute names."""
    return [(f"{name}.", "SOA", soa(name, serial)), (f"{HOST}.{name}.", "A", address(host))]


def small_body(name):
    number = number_of(name)
    return [
        (f"{name}.", "NS", f"ns1.{name}."),
        (f"{name}.", "NS", f"ns2.{name}."),
        (f"{name}.", "MX", f"10 mail.{name}."),
        (f"{name}.", "TXT", '"v=spf1 mx -all"'),
        (f"{name}.", "A", address(number)),
        (f"{name}.", "AAAA", address6(number)),
        (f"ns1.{name}.", "A", "192.0.2.53"),
        (f"ns2.{name}.", "A", "198.51.100.53"),
        (f"mail.{name}.", "A", address(number + 1)),
        (f"www.{name}.", "CNAME", f"{name}."),
    ]


def large_body(records):
    """Two name servers, then hosts. Of each ten records, five are A, two AAAA, and one each is CNAME, MX and TXT."""
    name = LARGE
    yield from [
        (f"{name}.", "NS", f"ns1.{name}."),
        (f"{name}.", "NS", f"ns2.{name}."),
        (f"ns1.{name}.", "A", "192.0.2.53"),
        (f"ns2.{name}.", "A", "198.51.100.53"),
    ]
    for number in range(records - len(head(name)) - 4):
        kind, host = number % 10, f"h{number // 10 * 10:07}.{name}."
        own = f"h{number:07}.{name}."
        if kind < 5:
            yield (own, "A", address(number))
        elif kind < 7:
            yield (f"h{number - 5:07}.{name}.", "AAAA", address6(number))
        elif kind == 7:
            yield (own, "CNAME", host)
        elif kind == 8:
            yield (host, "MX", f"10 {host}")
        else:
            yield (host, "TXT", f'"token={number * 2654435761 & 0xFFFFFFFF:08x}"')


def body(name, records):
    return large_body(records) if name == LARGE else small_body(name)


def line(record):
    owner, rdtype, rdata = record
    return f"{owner} 3600 {rdtype} {rdata}\n"


def text(records):
    return "".join(map(line, records))


def write_small(directory, zones):
    """Writes `zones` zone files into `directory`."""
    for name in small_names(zones):
        (pathlib.Path(directory) / f"{name}.zone").write_text(text(head(name)) + text(small_body(name)))


def write_large(output, records):
    output.write(text(head(LARGE)))
    output.writelines(map(line, large_body(records)))


def main(arguments):
    match arguments:
        case ["small", directory, zones]:
            write_small(directory, int(zones))
        case ["large", records]:
            write_large(sys.stdout, int(records))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
