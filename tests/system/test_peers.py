"""axfrd gives the answers on which NSD, Knot and BIND agree, for the same zone files and the same questions.

The questions come from the zones: each name in them, and names above, below and beside it, each with the types that
make a difference, over UDP and TCP, with and without EDNS and DO.
"""

import itertools
import pathlib
import random
import shutil

import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.zone
import pytest

import compare
import random_zones
import signing
from compare import AA, ANY, TC, Question
from lab import IPV4, ROOT
from peers import Bind, Knot, Nsd

PEERS = ROOT / "tests" / "data" / "peers"
TYPES = [dns.rdatatype.from_text(t) for t in ("A", "AAAA", "NS", "SOA", "CNAME", "DNAME", "DS", "MX", "TXT", "ANY")]
TYPES += [dns.rdatatype.from_text(t) for t in ("RRSIG", "NSEC", "TYPE65280")]
SIZES = (None, 512, 1232, 4096)


def names_of(text, zone):
    """Names to ask for: owners and targets, and names above, below and beside them."""
    apex = dns.name.from_text(zone)
    names = {apex}
    for owner, _, rdata in dns.zone.from_text(text, origin=zone, relativize=False, check_origin=False).iterate_rdatas():
        names.add(owner)
        target = getattr(rdata, "target", None) or getattr(rdata, "exchange", None)
        if isinstance(target, dns.name.Name) and target.is_subdomain(apex):
            names.add(target)
    near = set(names)
    for name in names:
        while name != apex and name.is_subdomain(apex):
            name = name.parent()
            near.add(name)
    for name in list(near):
        for below in ("x", "*", "y.x"):
            try:
                near.add(dns.name.from_text(below, name))
            except dns.name.NameTooLong:
                pass
    return sorted(near)


def questions_of(text, zone, most):
    """Names with types, at random, and at most `most` of them. EDNS and transport of each are random, too."""
    pick = random.Random(zone)
    variants = [(size, False, tcp) for size in SIZES for tcp in (False, True)]
    variants += [(size, True, tcp) for size in SIZES[1:] for tcp in (False, True)]
    pairs = list(itertools.product(names_of(text, zone), TYPES))
    for name, rdtype in pick.sample(pairs, min(most, len(pairs))):
        yield Question(name.to_wire(), rdtype, *pick.choice(variants))


def excused(question, what, ours, theirs, answer):
    # RFC 2181 section 9: an answer that fits is not truncated, and a signed answer that is a few octets smaller may
    # fit. Referrals are not excused, because there it cannot be seen whether glue is missing.
    if question.dnssec_ok and what == "TC" and not ours and answer.flags & AA:
        return True
    # RFC 1035 section 4.1.4 leaves it to a server how much it compresses. With a size of 512 octets, our answer may be
    # some octets too large. No resolver that asks for signatures announces that size.
    if question.dnssec_ok and question.edns == 512 and answer.flags & TC:
        return True
    # RFC 8482 section 4.1: one RRset is a sufficient answer to ANY, and reduces amplification.
    return question.type == ANY and (what in ("TC", "answer", "authority") and bool(ours) <= bool(theirs))


class World:
    """axfrd and all peers, with the same zone files."""

    def __init__(self, lab, new_axfrd, files):
        names = sorted(file.name.removesuffix(".zone") for file in files)
        directory = lab.directory / "zonefiles"
        directory.mkdir()
        for file in files:
            shutil.copy(file, directory)
        self.peers = [kind(lab.hosts[kind.__name__.lower()], names, files=directory) for kind in (Nsd, Knot, Bind)]
        new_axfrd(lab, zones=files)
        for peer in self.peers:
            peer.wait()
        self.servers = {type(peer).__name__: (peer.host, "127.0.0.1") for peer in self.peers}
        self.servers["axfrd"] = (lab.client, IPV4)
        self.apexes = {dns.name.from_text(name).to_wire().lower() for name in names}

    def compare(self, questions):
        answers = compare.ask_all(self.servers, questions)
        wrong = list(compare.disagreements(questions, answers, "axfrd", self.apexes, excused))
        assert not wrong, f"{len(wrong)} of {len(questions)} answers differ:\n" + "\n".join(wrong[:40])


@pytest.fixture
def new_world(new_lab, new_axfrd):
    return lambda files: World(new_lab("client", "nsd", "knot", "bind"), new_axfrd, files)


# Unsigned zones that, when signed, have all cases of denial of existence.
SIGNED = ("basic.test", "wild.test", "wildcname.test", "ent.test", "star.test", "chain.test", "cut.test", "dname.test")


def signed_zones(directory):
    """Each zone of SIGNED, and some random zones, signed with each kind of chain."""
    files, names = [], 0
    for chain, options in signing.CHAINS.items():
        texts = [(PEERS / f"{zone}.zone").read_text() for zone in SIGNED]
        texts += [random_zones.Zone(f"s{seed}", f"signed {seed}").text().split("\n", 1)[1] for seed in range(10)]
        for text in texts:
            names += 1
            files.append(signing.sign(directory, f"{chain}{names}.test", text, options)[0])
    return files


def questions_about(files, most):
    return [q for file in files for q in questions_of(file.read_text(), file.name.removesuffix(".zone"), most)]


def of_other_classes(questions):
    """The questions with class CHAOS and Hesiod. For class ANY the peers differ. They go over TCP, because BIND limits
    the rate of answers in CHAOS."""
    for question in questions:
        yield from (question._replace(rdclass=rdclass, tcp=True) for rdclass in (3, 4))


def test_zones_written_by_hand(new_world):
    files = sorted(PEERS.glob("*.zone"))
    questions = questions_about(files, 1500)
    new_world(files).compare(questions + list(of_other_classes(questions_about(files, 10))))


ROOT_ZONE = """$TTL 86400
. SOA a.root-servers.example. nstld.example. 2024010101 1800 900 604800 86400
. NS a.root-servers.example.
. NS b.root-servers.net.
. NS c.
a.root-servers.example. A 192.0.2.1
b.root-servers.net. AAAA 2001:db8::2
c. A 192.0.2.3
*.wild. TXT "below the root"
"""


def test_the_root_zone(new_world, tmp_path):
    root = pathlib.Path(tmp_path, "..zone")
    root.write_text(ROOT_ZONE + "".join(
        f"{label}. NS a.nic.{label}.\n{label}. NS b.nic.{label}.\na.nic.{label}. A 192.0.2.{number}\n"
        f"b.nic.{label}. AAAA 2001:db8::{number}\n{label}. NS ns.example.\n"
        for number, label in enumerate(["example", "net", "x", "xn--p1ai", "y" * 63])
    ))  # fmt: skip
    files = [root, PEERS / "basic.test.zone", PEERS / "tld.zone"]
    new_world(files).compare(questions_about(files, 1500))


def test_random_zones(new_world, tmp_path):
    files = []
    for name, text in random_zones.zones(200, seed=1).items():
        files.append(pathlib.Path(tmp_path, f"{name}.zone"))
        files[-1].write_text(text)
    new_world(files).compare(questions_about(files, 100))


def test_signed_zones(new_world, tmp_path):
    files = signed_zones(tmp_path)
    new_world(files).compare([q._replace(edns=q.edns or 4096, dnssec_ok=True) for q in questions_about(files, 350)])
