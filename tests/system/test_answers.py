"""Answers to clients by the packet path (UDP) and the kernel path (TCP), over IPv4 and IPv6."""

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import pytest

import ask
import zones
from lab import DATA, IPV4, IPV6, PATIENCE

ADDRESSES = pytest.mark.parametrize("address", [IPV4, IPV6], ids=["v4", "v6"])
TRANSPORTS = pytest.mark.parametrize("over", [ask.udp, ask.tcp], ids=["udp", "tcp"])


@ADDRESSES
@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("tool", ["dig", "kdig"])
def test_dig_and_kdig_are_answered(client, tool, transport, address):
    options = ["+noall", "+answer", "+norec", "+tcp" if transport == "tcp" else "+notcp", "+retry=0"]
    output = client.run(tool, f"@{address}", *options, "www.example.com", "A").stdout
    assert sorted(line.split() for line in output.splitlines() if line and line[0] != ";") == [
        ["www.example.com.", "600", "IN", "A", "198.51.100.80"],
        ["www.example.com.", "600", "IN", "A", "198.51.100.81"],
    ]


@ADDRESSES
@TRANSPORTS
def test_every_rrset_of_a_zone_is_answered_as_the_zone_file_has_it(client, over, address):
    below_a_cut = ("sub.example.com.", "secure.example.com.", "foreign.example.com.")
    rrsets = {}
    for record in zones.read(DATA / "example.com.zone"):
        if not record.owner.endswith(below_a_cut) and record.owner != "loop.example.com.":
            rrsets.setdefault((record.owner, record.type), []).append(record)
    for (owner, rdtype), expected in rrsets.items():
        answer = over(client, owner, rdtype, address)
        if answer.flags & dns.flags.TC:
            assert over is ask.udp
            continue
        assert answer.rcode() == dns.rcode.NOERROR and answer.flags & dns.flags.AA, owner
        found = [zones.Record.of(rrset.name, rrset.ttl, rdata) for rrset in answer.answer for rdata in rrset]
        assert sorted(each for each in found if each.owner == owner) == expected


# name, type, RCODE, authoritative, answer, authority, additional. A section that is None may have any records.
SOA = "example.com. SOA ns1.example.com. hostmaster.example.com. 2024010101 7200 3600 1209600 300"
CASES = {
    "cname chain inside the zone": (
        "chain.example.com", "AAAA", "NOERROR", True,
        ["alias.example.com. CNAME www.example.com.", "chain.example.com. CNAME alias.example.com.",
         "www.example.com. AAAA 2001:db8:1::80"], None, None),
    "cname chain into another zone of ours": (
        "across.example.com", "A", "NOERROR", True,
        ["across.example.com. CNAME www.example.net.", "www.example.net. A 198.51.100.90"], None, None),
    "cname that leaves our zones": (
        "outside.example.com", "A", "NOERROR", True, ["outside.example.com. CNAME www.example.org."], None, None),
    "cname itself": (
        "alias.example.com", "CNAME", "NOERROR", True, ["alias.example.com. CNAME www.example.com."], None, None),
    "wildcard": ("a.wild.example.com", "A", "NOERROR", True, ["a.wild.example.com. A 198.51.100.1"], None, None),
    "wildcard, two labels": (
        "a.b.wild.example.com", "A", "NOERROR", True, ["a.b.wild.example.com. A 198.51.100.1"], None, None),
    "wildcard without that type": ("a.wild.example.com", "MX", "NOERROR", True, [], [SOA], []),
    "wildcard blocked by a name": ("there.wild.example.com", "A", "NOERROR", True, [], [SOA], []),
    "wildcard blocked below a name": ("x.there.wild.example.com", "A", "NXDOMAIN", True, [], [SOA], []),
    "wildcard cname": (
        "x.walias.example.com", "AAAA", "NOERROR", True,
        ["www.example.com. AAAA 2001:db8:1::80", "x.walias.example.com. CNAME www.example.com."], None, None),
    "empty non-terminal": ("b.ent.example.com", "A", "NOERROR", True, [], [SOA], []),
    "name that does not exist": ("nothing.example.com", "A", "NXDOMAIN", True, [], [SOA], []),
    "type that does not exist": ("www.example.com", "MX", "NOERROR", True, [], [SOA], []),
    "delegation with glue": (
        "www.sub.example.com", "A", "NOERROR", False, [],
        ["sub.example.com. NS ns1.sub.example.com.", "sub.example.com. NS ns2.example.net."],
        ["ns1.sub.example.com. A 198.51.100.53", "ns1.sub.example.com. AAAA 2001:db8:1::53"]),
    "delegation asked for its glue": (
        "ns1.sub.example.com", "A", "NOERROR", False, [],
        ["sub.example.com. NS ns1.sub.example.com.", "sub.example.com. NS ns2.example.net."], None),
    "ds at the parent": (
        "secure.example.com", "DS", "NOERROR", True,
        ["secure.example.com. DS 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"],
        None, None),
    "type unknown to everyone": (
        "generic.example.com", "TYPE65280", "NOERROR", True, [r"generic.example.com. TYPE65280 \# 4 01020304"],
        None, None),
    "zone of someone else": ("www.example.org", "A", "REFUSED", False, [], [], []),
}  # fmt: skip


@TRANSPORTS
def test_chains_wildcards_delegations_and_absence(client, over):
    wrong = []
    for what, (name, rdtype, rcode, authoritative, *sections) in CASES.items():
        answer = over(client, name, rdtype, IPV4)
        if dns.rcode.to_text(answer.rcode()) != rcode or bool(answer.flags & dns.flags.AA) != authoritative:
            wrong.append(f"{what}:\n{answer}")
        for expected, section in zip(sections, (answer.answer, answer.authority, answer.additional)):
            if expected is not None and ask.records(section) != expected:
                wrong.append(f"{what}: expected {expected} in\n{answer}")
    assert not wrong, "\n".join(wrong)


def test_absence_lives_as_long_as_the_soa_minimum(client):
    answer = ask.udp(client, "nothing.example.com", "A", IPV4)
    assert answer.authority[0].ttl == 300


def test_a_cname_loop_ends(client):
    answer = ask.udp(client, "loop.example.com", "A", IPV4)
    assert ask.records(answer.answer) == ["loop.example.com. CNAME loop.example.com."]


def test_the_question_comes_back_in_the_case_it_was_asked(client):
    query = dns.message.make_query("wWw.ExAmPlE.cOm", "A")
    with client.inside():
        wire = dns.query.udp(query, IPV4, timeout=PATIENCE).to_wire()
    assert b"\3wWw\7ExAmPlE\3cOm" in wire


def test_names_are_found_in_any_case(client):
    assert ask.records(ask.udp(client, "MIXED.EXAMPLE.COM", "TXT", IPV4).answer)[0].endswith('TXT "Case Is Kept"')


@ADDRESSES
def test_an_answer_too_large_for_udp_is_truncated_and_whole_over_tcp(client, address):
    plain = ask.udp(client, "big.example.com", "TXT", address)
    assert plain.flags & dns.flags.TC and len(plain.to_wire()) <= 512
    edns = ask.udp(client, "big.example.com", "TXT", address, payload=4096)
    assert edns.flags & dns.flags.TC and len(edns.to_wire()) <= 1232
    whole = ask.tcp(client, "big.example.com", "TXT", address)
    assert not whole.flags & dns.flags.TC and len(whole.answer[0]) == 16


def test_dig_falls_back_to_tcp_by_itself(client):
    output = client.run("dig", f"@{IPV4}", "+short", "+norec", "big.example.com", "TXT").stdout
    assert len(output.splitlines()) == 16


def test_udp_payload_size_is_a_limit_that_can_be_set(new_lab, new_axfrd):
    lab = new_lab("client")
    new_axfrd(lab, zones=[DATA / "example.com.zone"], udp_payload=1400)
    answer = ask.udp(lab.client, "big.example.com", "TXT", IPV4, payload=4096)
    assert answer.flags & dns.flags.TC and answer.payload == 1400


def test_any_is_answered_with_little(client):
    answer = ask.udp(client, "example.com", "ANY", IPV4)
    assert answer.rcode() == dns.rcode.NOERROR and len(answer.answer) == 1


def test_axfr_over_udp_is_not_implemented(client):
    assert ask.udp(client, "example.com", "AXFR", IPV4).rcode() == dns.rcode.NOTIMP


def test_an_unknown_edns_version_is_badvers(client):
    query = dns.message.make_query("example.com", "SOA", flags=0)
    query.use_edns(edns=1)
    assert ask.udp_message(client, query, IPV4).rcode() == dns.rcode.BADVERS


def test_edns_comes_back_only_to_who_sent_it(client):
    assert ask.udp(client, "example.com", "SOA", IPV4).edns == -1
    assert ask.udp(client, "example.com", "SOA", IPV4, use_edns=0).edns == 0


@TRANSPORTS
def test_an_unknown_opcode_is_not_implemented(client, over):
    query = dns.message.make_query("example.com", "SOA", flags=0)
    query.set_opcode(dns.opcode.STATUS)
    with client.inside():
        answer = (dns.query.udp if over is ask.udp else dns.query.tcp)(query, IPV4, timeout=PATIENCE)
    assert answer.rcode() == dns.rcode.NOTIMP


@pytest.mark.parametrize("questions", [0, 2])
def test_anything_but_one_question_is_a_format_error(client, questions):
    query = dns.message.make_query("example.com", "SOA", flags=0)
    query.question *= questions
    assert ask.udp_message(client, query, IPV4).rcode() == dns.rcode.FORMERR
