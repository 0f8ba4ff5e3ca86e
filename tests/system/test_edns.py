"""EDNS: the queries of ISC's EDNS compliance checker, DNS Cookies, and the options that axfrd answers.

https://ednscomp.isc.org names its tests after dig's options. The names here are the same.
"""

import struct

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from lab import DATA, IPV4, IPV6, PATIENCE

TRANSPORTS = pytest.mark.parametrize("transport", ["udp", "tcp"])
EXPIRE, COOKIE, KEEPALIVE, PADDING, EDE, ZONEVERSION = 9, 10, 11, 12, 15, 19
ZONE = "example.com"


def option(code, data=b""):
    return dns.edns.GenericOption(code, data)


def exchange(client, query, transport="udp", address=IPV4):
    with client.inside():
        return getattr(dns.query, transport)(query, address, timeout=PATIENCE)


def question(rdtype="SOA", name=ZONE, flags=0, use_edns=-1, **edns):
    query = dns.message.make_query(name, rdtype, flags=flags)
    query.use_edns(use_edns, **edns)
    return query


def options_of(response):
    octets = {}
    for each in response.options:
        assert each.otype not in octets
        octets[int(each.otype)] = each.to_wire()
    return octets


def has_soa(response):
    return any(rrset.rdtype == dns.rdatatype.SOA for rrset in response.answer)


# The query, and what the response must have: RCODE, SOA, EDNS, EDNS flags.
COMPLIANCE = {
    "dns": (question(), "NOERROR", True, False, 0),
    "aa, ad, cd, z and tc are not echoed": (
        question(flags=dns.flags.AD | dns.flags.CD | dns.flags.TC | dns.flags.AA | 0x40), "NOERROR", True, False, 0),
    "edns": (question(use_edns=0), "NOERROR", True, True, 0),
    "edns1": (question(use_edns=1), "BADVERS", False, True, 0),
    "ednsopt": (question(use_edns=0, options=[option(100)]), "NOERROR", True, True, 0),
    "edns1opt": (question(use_edns=1, options=[option(100)]), "BADVERS", False, True, 0),
    "do": (question(use_edns=0, ednsflags=dns.flags.DO), "NOERROR", True, True, dns.flags.DO),
    "ednsflags": (question(use_edns=0, ednsflags=0x0080), "NOERROR", True, True, 0),
    "edns1flags": (question(use_edns=1, ednsflags=0x0080), "BADVERS", False, True, 0),
    "docookie": (
        question(use_edns=0, ednsflags=dns.flags.DO, options=[option(COOKIE, b"12345678")]), "NOERROR", True, True,
        dns.flags.DO),
    "optlist": (
        question(use_edns=0, options=[option(dns.edns.NSID), option(COOKIE, b"12345678"), option(EXPIRE),
                                      option(8, b"\0\1\0\0"), option(PADDING, bytes(100))]),
        "NOERROR", True, True, 0),
}  # fmt: skip


@TRANSPORTS
def test_edns_compliance(client, transport):
    for name, (query, rcode, soa, edns, flags) in COMPLIANCE.items():
        response = exchange(client, query, transport)
        got = (dns.rcode.to_text(response.rcode()), has_soa(response), response.edns >= 0, response.ednsflags & 0xFFFF)
        assert got == (rcode, soa, edns, flags), f"{name}:\n{response}"
        assert response.edns <= 0, name
        assert response.flags & ~(dns.flags.QR | dns.flags.AA) & ~0xF == 0, f"{name}: {response.flags:x}"
        assert not options_of(response).keys() - {COOKIE, EXPIRE}, name


def test_edns_512(client):
    response = exchange(client, question("TXT", "big.example.com", use_edns=0, payload=512, ednsflags=dns.flags.DO))
    assert len(response.to_wire()) <= 512 and response.flags & dns.flags.TC and response.edns == 0


@TRANSPORTS
@pytest.mark.parametrize("edns", [-1, 0])
def test_an_opcode_that_does_not_exist(client, transport, edns):
    wire = bytearray(question(use_edns=edns).to_wire())
    wire[2] |= 15 << 3
    response = raw(client, bytes(wire), transport)
    assert response[:2] == wire[:2] and response[2] == wire[2] | 0x80 and response[3] == dns.rcode.NOTIMP


@TRANSPORTS
def test_a_type_that_does_not_exist(client, transport):
    response = exchange(client, question("TYPE1000"), transport)
    assert response.rcode() == dns.rcode.NOERROR and not response.answer and response.authority


@TRANSPORTS
@pytest.mark.parametrize("count, section", [(2, "additional"), (1, "answer"), (1, "authority")])
def test_opt_stands_once_and_in_its_section(client, transport, count, section):
    wire = bytearray(question().to_wire())
    wire += bytes.fromhex("00002904d0000000000000") * count
    at = {"answer": 6, "authority": 8, "additional": 10}[section]
    wire[at : at + 2] = struct.pack("!H", count)
    assert dns.message.from_wire(raw(client, bytes(wire), transport)).rcode() == dns.rcode.FORMERR


def raw(client, wire, transport="udp"):
    """Sends octets, and returns the octets of the response."""
    with client.inside():
        if transport == "udp":
            with dns.query.socket.socket(dns.query.socket.AF_INET, dns.query.socket.SOCK_DGRAM) as socket:
                socket.settimeout(PATIENCE)
                socket.sendto(wire, (IPV4, 53))
                return socket.recv(65535)
        with dns.query.socket.create_connection((IPV4, 53), timeout=PATIENCE) as socket:
            socket.sendall(struct.pack("!H", len(wire)) + wire)
            stream = socket.makefile("rb")
            return stream.read(struct.unpack("!H", stream.read(2))[0])


# ---- options ----


def test_nsid_is_for_those_who_ask(new_lab, new_axfrd):
    lab = new_lab("client")
    new_axfrd(lab, zones=[DATA / "example.com.zone"], nsid="node-7")
    for transport in ("udp", "tcp"):
        response = exchange(lab.client, question(use_edns=0, options=[option(dns.edns.NSID)]), transport)
        assert options_of(response) == {3: b"node-7"}
        assert options_of(exchange(lab.client, question(use_edns=0), transport)) == {}


@TRANSPORTS
def test_expire_and_zoneversion_tell_of_the_zone(client, transport):
    query = question(use_edns=0, options=[option(EXPIRE), option(ZONEVERSION)])
    version = struct.pack("!BBI", 2, 0, 2024010101)
    assert options_of(exchange(client, query, transport)) == {EXPIRE: struct.pack("!I", 1209600), ZONEVERSION: version}
    below = question("A", "nothing.example.com", use_edns=0, options=[option(EXPIRE), option(ZONEVERSION)])
    assert options_of(exchange(client, below, transport)) == {ZONEVERSION: version}
    stranger = question("A", "www.example.org", use_edns=0, options=[option(ZONEVERSION)])
    assert options_of(exchange(client, stranger, transport)) == {EDE: struct.pack("!H", 20)}


def test_a_transfer_answers_options_in_its_first_message(client):
    query = question("AXFR", use_edns=0, options=[option(EXPIRE), option(ZONEVERSION), option(COOKIE, b"12345678")])
    options = options_of(dns.message.from_wire(raw(client, query.to_wire(), "tcp"), ignore_trailing=True))
    assert options[EXPIRE] == struct.pack("!I", 1209600) and options[ZONEVERSION][2:] == struct.pack("!I", 2024010101)
    assert options[COOKIE][:8] == b"12345678"


def test_tcp_sessions_say_how_long_they_last(new_lab, new_axfrd):
    lab = new_lab("client")
    new_axfrd(lab, zones=[DATA / "example.com.zone"], tcp_idle_timeout=12)
    query = question(use_edns=0, options=[option(KEEPALIVE)])
    assert options_of(exchange(lab.client, query, "tcp")) == {KEEPALIVE: struct.pack("!H", 120)}
    assert options_of(exchange(lab.client, query, "udp")) == {}


# ---- cookies ----


def cookie_of(response):
    return options_of(response).get(COOKIE, b"")


def ask_with(client, cookie, transport="udp", address=IPV4, **options):
    return exchange(client, question(use_edns=0, options=[option(COOKIE, cookie)], **options), transport, address)


@pytest.mark.parametrize("address", [IPV4, IPV6], ids=["v4", "v6"])
def test_a_cookie_stays_the_same_on_all_ways_in(client, address):
    cookie = cookie_of(ask_with(client, b"12345678", address=address))
    assert len(cookie) == 24 and cookie[:12] == b"12345678\1\0\0\0"
    for transport in ("udp", "tcp"):
        assert cookie_of(ask_with(client, cookie, transport, address)) == cookie
        assert cookie_of(ask_with(client, cookie, transport, address, name="nothing.example.com")) == cookie
        assert cookie_of(ask_with(client, cookie, transport, address, name="www.example.org")) == cookie


@TRANSPORTS
def test_a_wrong_server_cookie_gets_an_answer_and_a_right_one(client, transport):
    cookie = cookie_of(ask_with(client, b"12345678", transport))
    forged = cookie[:-1] + bytes([cookie[-1] ^ 1])
    for wrong in (forged, cookie + b"x", b"12345678" + bytes(8), b"87654321" + cookie[8:]):
        response = ask_with(client, wrong, transport)
        assert response.rcode() == dns.rcode.NOERROR and has_soa(response)
        assert len(cookie_of(response)) == 24 and cookie_of(response)[:8] == wrong[:8]
        assert cookie_of(response) != wrong


@TRANSPORTS
@pytest.mark.parametrize("size", [0, 1, 7, 9, 15, 41])
def test_a_cookie_of_an_impossible_length_is_a_format_error(client, transport, size):
    response = ask_with(client, bytes(size), transport)
    assert response.rcode() == dns.rcode.FORMERR and not response.answer


@TRANSPORTS
def test_a_cookie_can_be_had_without_a_question(client, transport):
    query = question(use_edns=0, options=[option(COOKIE, b"12345678")])
    query.question = []
    response = exchange(client, query, transport)
    assert response.rcode() == dns.rcode.NOERROR and len(cookie_of(response)) == 24


@pytest.mark.parametrize("tool", ["dig", "kdig"])
def test_dig_and_kdig_take_our_cookies_for_good(client, tool):
    output = client.run(tool, f"@{IPV4}", "+cookie", "+norec", "+retry=0", ZONE, "SOA").stdout
    line = next(line for line in output.splitlines() if "COOKIE" in line)
    # dig says whether the cookie is good. kdig only prints it, so its length is checked.
    assert "(good)" in line if tool == "dig" else len(line.split()[-1].replace(",", "")) >= 32, output


SECRETS = ["e5e973e5a6b2a43f48e7dc849e37bfcf", "445536bcd2513298075a5d379663c962"]


def test_a_cluster_rolls_its_secret_and_no_cookie_is_lost(new_lab, new_axfrd):
    lab = new_lab("client")
    axfrd = new_axfrd(lab, zones=[DATA / "example.com.zone"])

    def kept(cookie):
        return cookie_of(ask_with(lab.client, cookie)) == cookie

    axfrd.ctl("cookie", "add", SECRETS[0])
    axfrd.ctl("cookie", "activate")
    axfrd.ctl("cookie", "add", "-", input=SECRETS[1] + "\n")
    shown = axfrd.json("cookie", "show")
    first = cookie_of(ask_with(lab.client, b"12345678"))
    assert kept(first)
    rolled = axfrd.json("cookie", "activate")
    assert (rolled["active"], rolled["staged"]) == (shown["staged"], shown["active"])
    second = cookie_of(ask_with(lab.client, first))
    assert second != first and kept(second)
    assert axfrd.json("cookie", "drop")["staged"] is None
    assert kept(second)
    assert "no staged secret" in axfrd.ctl("cookie", "activate", check=False).stderr
    assert "32 hexadecimal digits" in axfrd.ctl("cookie", "add", SECRETS[0][1:], check=False).stderr

    # The secret is kept after a kill. Two servers with the same secret make the same cookies.
    axfrd.kill()
    axfrd.start()
    assert axfrd.json("cookie", "show") == {"active": shown["staged"], "staged": None}
    assert kept(second)


def test_without_a_secret_of_the_operators_each_start_draws_one(new_lab, new_axfrd):
    axfrd = new_axfrd(new_lab("client"), zones=[DATA / "example.com.zone"])
    before = axfrd.json("cookie", "show")
    assert axfrd.stop() == 0
    axfrd.start()
    assert axfrd.json("cookie", "show")["active"] != before["active"]
