"""Asks several servers the same questions, and compares their answers without order, case and compression.

dnspython would be too slow for the number of messages, so they are parsed here.
"""

import collections
import select
import socket
import struct
import threading
import time
import typing

import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype

import zones
from lab import PATIENCE

NS, CNAME, SOA, OPT, RRSIG, ANY = 2, 5, 6, 41, 46, 255
A, AAAA = 1, 28
AA, TC = 0x0400, 0x0200
WINDOW = 64  # questions in flight to one server

# Type → where its RDATA may have compressed names: the octets before the first name, and the number of names.
COMPRESSED = {2: (0, 1), 5: (0, 1), 6: (0, 2), 12: (0, 1), 15: (2, 1), 17: (0, 2), 18: (2, 1), 33: (6, 1), 39: (0, 1)}


class Question(typing.NamedTuple):
    name: bytes  # wire format
    type: int
    edns: int | None  # UDP payload size
    dnssec_ok: bool = False
    tcp: bool = False
    rdclass: int = 1

    def wire(self, number):
        head = struct.pack("!6H", number, 0, 1, 0, 0, self.edns is not None)
        question = self.name + struct.pack("!2H", self.type, self.rdclass)
        if self.edns is None:
            return head + question
        return head + question + struct.pack("!BHHIH", 0, OPT, self.edns, 0x8000 if self.dnssec_ok else 0, 0)

    def __str__(self):
        options = [] if self.rdclass == 1 else [dns.rdataclass.to_text(self.rdclass)]
        options += [] if self.edns is None else [f"+bufsize={self.edns}"]
        options += ["+dnssec"] * self.dnssec_ok + ["+tcp"] * self.tcp
        return " ".join([name_text(self.name), dns.rdatatype.to_text(self.type), *options])


def name_text(wire):
    return dns.name.from_wire(wire, 0)[0].to_text()


class Answer(typing.NamedTuple):
    rcode: int
    flags: int  # only AA and TC
    answer: tuple
    authority: tuple
    additional: tuple

    def __str__(self):
        lines = [f"{dns.rcode.to_text(self.rcode)}{' aa' * bool(self.flags & AA)}{' tc' * bool(self.flags & TC)}"]
        for title, section in zip(("an", "ns", "ar"), (self.answer, self.authority, self.additional)):
            lines += [f"    {title} {record_text(record)}" for record in section]
        return "\n".join(lines)


def record_text(record):
    owner, rdtype, ttl, rdata = record
    text = rdata.hex() if len(rdata) < 40 else rdata[:40].hex() + "…"
    if rdtype in COMPRESSED and COMPRESSED[rdtype][0] == 0:
        text = name_text(rdata)
    if rdtype == RRSIG:
        text = dns.rdatatype.to_text(struct.unpack_from("!H", rdata)[0]) + " …"
    return f"{name_text(owner)} {ttl} {dns.rdatatype.to_text(rdtype)} {text}"


def read_name(message, at):
    """The name in wire format and in lower case, and the offset behind it."""
    labels, end = [], None
    while True:
        length = message[at]
        if length >= 0xC0:
            end = end or at + 2
            at = struct.unpack_from("!H", message, at)[0] & 0x3FFF
            continue
        labels.append(message[at : at + 1 + length])
        at += 1 + length
        if length == 0:
            return b"".join(labels).lower(), end or at


def read_rdata(message, rdtype, at, end):
    prefix, names = COMPRESSED.get(rdtype, (0, 0))
    rdata = message[at : at + prefix]
    at += prefix
    for _ in range(names):
        name, at = read_name(message, at)
        rdata += name
    return rdata + message[at:end]


def read(message):
    flags, *counts = struct.unpack_from("!5H", message, 2)
    at, rcode = 12, flags & 0xF
    for _ in range(counts[0]):
        at = read_name(message, at)[1] + 4
    sections = []
    for count in counts[1:]:
        section = []
        for _ in range(count):
            owner, at = read_name(message, at)
            rdtype, _, ttl, size = struct.unpack_from("!HHIH", message, at)
            at += 10
            if rdtype == OPT:
                rcode |= ttl >> 24 << 4
            else:
                section.append((owner, rdtype, ttl, read_rdata(message, rdtype, at, at + size)))
            at += size
        sections.append(tuple(sorted(section)))
    if at != len(message):
        raise ValueError("octets behind the message")
    return Answer(rcode, flags & (AA | TC), *sections)


class Asker(threading.Thread):
    """Asks one server all questions; answers[i] is the answer to questions[i]."""

    def __init__(self, host, address, questions):
        super().__init__()
        self.host, self.address, self.questions = host, address, questions
        self.answers, self.failure, self.seen = [None] * len(questions), None, {}

    def run(self):
        try:
            self.udp([i for i, question in enumerate(self.questions) if not question.tcp])
            self.tcp([i for i, question in enumerate(self.questions) if question.tcp])
        except Exception as failure:  # raised again in result()
            self.failure = failure

    def result(self):
        self.join()
        if self.failure:
            raise self.failure
        return self.answers

    def take(self, number, message):
        # Most answers come more than once: over UDP and TCP, and for several EDNS sizes. They are parsed once.
        body = message[2:]
        if body not in self.seen:
            self.seen[body] = read(message)
        self.answers[number] = self.seen[body]

    def udp(self, numbers):
        with self.host.inside():
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with sock:
            sock.connect((self.address, 53))
            waiting, left = {}, collections.deque(numbers)
            deadline = time.monotonic() + PATIENCE
            while left or waiting:
                while left and len(waiting) < WINDOW:
                    number = left.popleft()
                    waiting[number & 0xFFFF] = number
                    sock.send(self.questions[number].wire(number & 0xFFFF))
                if not select.select([sock], [], [], 0.5)[0]:
                    left.extendleft(waiting.values())  # these were lost, and are sent again
                    waiting.clear()
                    if time.monotonic() > deadline:
                        raise TimeoutError(f"{self.address} does not answer {self.questions[left[0]]}")
                    continue
                message = sock.recv(65535)
                number = waiting.pop(struct.unpack_from("!H", message)[0], None)
                if number is not None:
                    self.take(number, message)

    def tcp(self, numbers):
        left = collections.deque(numbers)
        while left:
            with self.host.connect(self.address) as sock:
                part = [left.popleft() for _ in range(min(len(left), 500))]
                for first in range(0, len(part), WINDOW):
                    window = part[first : first + WINDOW]
                    wires = [self.questions[number].wire(at) for at, number in enumerate(window)]
                    sock.sendall(b"".join(struct.pack("!H", len(wire)) + wire for wire in wires))
                    for _ in window:
                        message = zones.receive(sock)
                        self.take(window[struct.unpack_from("!H", message)[0]], message)


def ask_all(servers, questions):
    """servers: name → (host, address). Returns name → list of answers."""
    askers = {name: Asker(host, address, questions) for name, (host, address) in servers.items()}
    for asker in askers.values():
        asker.start()
    return {name: asker.result() for name, asker in askers.items()}


def parts(question, answer, apexes):
    """The parts of an answer, which are compared separately: peers that agree in one part may differ in another."""
    yield "RCODE", answer.rcode
    yield "AA", answer.flags & AA
    yield "TC", answer.flags & TC
    if answer.flags & TC:
        return  # the rest of a truncated answer is not used (RFC 2181 section 9)
    yield "answer", answer.answer
    # The zone's NS RRset in the authority section of an answer, with its RRSIG, is optional, and servers differ in it.
    courtesy = {owner for owner, rdtype, _, _ in answer.authority if rdtype == NS and owner in apexes}
    authority = tuple(
        record
        for record in answer.authority
        if not (record[0] in courtesy and (record[1] == NS or record[1] == RRSIG and record[3][:2] == b"\0\2"))
    )
    yield "authority", authority
    cuts = [owner for owner, rdtype, _, _ in authority if rdtype == NS]
    if cuts:  # RFC 9471 section 3.1: in-domain glue is mandatory
        yield "glue", tuple(r for r in answer.additional if r[1] in (A, AAAA) and r[0].endswith(cuts[0]))


def disagreements(questions, answers, ours, apexes, excused):
    """Yields a text for each question on which the peers agree, and axfrd does not agree with them."""
    peers = [name for name in answers if name != ours]
    for at, question in enumerate(questions):
        said = {name: dict(parts(question, answers[name][at], apexes)) for name in answers}
        wrong = []
        for what, value in said[peers[0]].items():
            if any(what not in said[name] or said[name][what] != value for name in peers):
                continue
            if said[ours].get(what) != value and not excused(
                question, what, said[ours].get(what), value, answers[ours][at]
            ):
                wrong.append(what)
        if wrong:
            yield f"{question}: {', '.join(wrong)}\n  ours:  {answers[ours][at]}\n  peers: {answers[peers[0]][at]}"
