"""The rate limit of UDP, for networks that ask the same too often. Sources of queries may be forged."""

import contextlib
import socket

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

import ask
from lab import DATA, IPV4, IPV6, Axfrd, unaccounted

ADDRESSES = pytest.mark.parametrize("address", [IPV4, IPV6], ids=["v4", "v6"])
ZONES = sorted(DATA.glob("*.zone"))
ASKED = 400


@pytest.fixture
def limited(new_lab, new_axfrd):
    """limited(rate_limit=..., ...): an axfrd with a limit, and a client."""

    def new(lab_is_split=False, **options):
        return new_axfrd(new_lab("client", split=lab_is_split), zones=ZONES, **options)

    return new


def flood(client, address, queries):
    """Sends all queries from one socket without pause, a few at a time so that none is lost. Returns the responses,
    and waits for the last of them."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    responses = []
    with client.inside(), socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.connect((address, 53))
        for first in range(0, len(queries), 20):
            batch = queries[first : first + 20]
            for query in batch:
                sock.send(query.to_wire())
            sock.settimeout(0.1)
            for _ in batch:
                try:
                    responses.append(dns.message.from_wire(sock.recv(65535)))
                except TimeoutError:
                    break
        sock.settimeout(2)
        with contextlib.suppress(TimeoutError):
            while len(responses) < len(queries):
                responses.append(dns.message.from_wire(sock.recv(65535)))
    return responses


def same(count=ASKED, name="www.example.com", rdtype="A", **options):
    return [dns.message.make_query(name, rdtype, flags=0, **options) for _ in range(count)]


def kinds(responses):
    truncated = [each for each in responses if each.flags & dns.flags.TC]
    assert all(len(each.answer) == 0 and len(each.authority) == 0 for each in truncated)
    return len(responses) - len(truncated), len(truncated)


@ADDRESSES
def test_by_default_nobody_goes_unanswered_but_is_sent_to_tcp(limited, address):
    axfrd = limited(rate_limit=None)
    whole, truncated = kinds(flood(axfrd.lab.client, address, same(1000)))
    assert 200 <= whole < 900 and whole + truncated == 1000
    (worker,) = axfrd.stats()["workers"]
    assert worker["slipped"] == truncated and worker["dropped"]["rate_limited"] == 0 and unaccounted(worker) == 0
    assert len(ask.tcp(axfrd.lab.client, "www.example.com", "A", address).answer[0]) == 2


@ADDRESSES
def test_above_the_limit_every_slipth_response_is_truncated_and_the_others_are_dropped(limited, address):
    axfrd = limited(rate_limit=20, rate_limit_slip=4)
    responses = flood(axfrd.lab.client, address, same())
    whole, truncated = kinds(responses)
    (worker,) = axfrd.stats()["workers"]
    dropped = worker["dropped"]["rate_limited"]
    assert whole >= 20 and whole + truncated + dropped == ASKED
    assert worker["slipped"] == truncated and abs(truncated - dropped / 3) <= 1
    assert unaccounted(worker) == 0


def test_random_names_of_a_zone_and_errors_are_limited(limited):
    axfrd = limited(rate_limit=20, rate_limit_slip=0)
    for suffix in ("example.com", "wild.example.com", "sub.example.com", "example.org"):
        names = [dns.message.make_query(f"random{i}.{suffix}", "A", flags=0) for i in range(100)]
        before = axfrd.stats()["workers"][0]["dropped"]["rate_limited"]
        responses = flood(axfrd.lab.client, IPV4, names)
        assert axfrd.stats()["workers"][0]["dropped"]["rate_limited"] - before == 100 - len(responses) > 0, suffix
    assert kinds(flood(axfrd.lab.client, IPV4, same(20, "mixed.example.com", "TXT"))) == (20, 0), "another name"


NAMES = 1000
IN_ALL = 50  # the limit for all answers, as a multiple of that for one kind


@pytest.fixture
def with_names(limited):
    """with_names(rate_limit=...): an axfrd with NAMES zones, each with one host."""

    def new(**options):
        axfrd = limited(**options)
        text = "$TTL 60\n@ SOA ns.example.net. h.example.net. 1 2 3 4 5\n@ NS ns.example.net.\n"
        for number in range(NAMES):
            (axfrd.zones / f"z{number}.test.zone").write_text(text + f"h{number} A 192.0.2.1\n")
        axfrd.ctl("zone", "import-dir", axfrd.zones)
        return axfrd

    return new


def hosts():
    return [dns.message.make_query(f"h{number}.z{number}.test", "A", flags=0) for number in range(NAMES)]


def polls():
    return [dns.message.make_query(f"z{number}.test", "SOA", flags=0) for number in range(NAMES)]


@pytest.mark.parametrize("slip", [0, 1, 5])
def test_who_rotates_names_gets_no_more_than_a_network_gets_in_all(with_names, slip):
    axfrd = with_names(rate_limit=1, rate_limit_slip=slip)
    whole, truncated = kinds(flood(axfrd.lab.client, IPV4, hosts()))
    assert IN_ALL <= whole < NAMES and whole + truncated == NAMES, "the others go unanswered by nobody"
    (worker,) = axfrd.stats()["workers"]
    assert worker["slipped"] == truncated and worker["dropped"]["rate_limited"] == 0 and unaccounted(worker) == 0
    answer = ask.tcp(axfrd.lab.client, f"h{NAMES - 1}.z{NAMES - 1}.test", "A", IPV4)
    assert len(answer.answer[0]) == 1


@ADDRESSES
def test_a_secondary_that_polls_all_its_zones_is_answered_whole(with_names, address):
    axfrd = with_names(rate_limit=1, allow_transfer=["192.0.2.101", "2001:db8::101"])
    assert kinds(flood(axfrd.lab.client, address, polls())) == (NAMES, 0)


def test_a_secondary_of_a_zone_may_poll_it_whatever_others_of_its_network_ask(with_names):
    axfrd = with_names(rate_limit=1)
    for number in range(10):
        axfrd.ctl("secondary", "enable", f"z{number}.test", "--ns", "ns.example.net", "--allow", "192.0.2.101")
    responses = flood(axfrd.lab.client, IPV4, hosts()[:500] + polls()[:20])
    soa = {str(each.question[0].name): each for each in responses if each.question[0].rdtype == dns.rdatatype.SOA}
    assert kinds([soa[f"z{number}.test."] for number in range(10)]) == (10, 0)
    assert kinds([soa[f"z{number}.test."] for number in range(10, 20)])[1] > 0, "which it is no secondary of"


def test_who_shows_our_cookie_is_not_limited(limited):
    axfrd = limited(rate_limit=5, rate_limit_slip=2)

    def with_cookie(cookie):
        option = dns.edns.GenericOption(dns.edns.COOKIE, cookie)
        return same(use_edns=0, options=[option])

    responses = flood(axfrd.lab.client, IPV4, with_cookie(b"12345678"))
    bad = [each for each in responses if each.rcode() == dns.rcode.BADCOOKIE]
    assert len(bad) > 50 and not any(each.answer for each in bad)
    (cookie,) = bad[-1].options
    responses = flood(axfrd.lab.client, IPV4, with_cookie(cookie.to_wire()))
    assert len(responses) == ASKED and all(each.answer for each in responses)
    (worker,) = axfrd.stats()["workers"]
    assert worker["responses"]["BADCOOKIE"] == len(bad) == worker["slipped"] and unaccounted(worker) == 0


def test_without_a_limit_all_is_answered(limited):
    axfrd = limited(rate_limit=0)
    assert kinds(flood(axfrd.lab.client, IPV4, same())) == (ASKED, 0)


def test_without_a_limit_who_rotates_names_gets_all(with_names):
    axfrd = with_names(rate_limit=0)
    assert kinds(flood(axfrd.lab.client, IPV4, hosts())) == (NAMES, 0)


def test_the_kernels_sockets_limit_networks_alike(with_names):
    alone = {"ports": (), "no_port": True, "address": [f"{IPV4}/24"], "no_huge": None}
    axfrd = with_names(rate_limit=1, lab_is_split=True, **alone)
    whole, truncated = kinds(flood(axfrd.lab.client, IPV4, hosts()))
    assert IN_ALL <= whole < NAMES and whole + truncated == NAMES and axfrd.stats()["udp"]["slipped"] == truncated


def test_the_kernels_sockets_have_the_same_limit(new_lab):
    lab = new_lab("client")
    lab.appliance.run("ip", "address", "add", f"{IPV4}/24", "dev", "axp0")
    axfrd = Axfrd(lab, zones=ZONES, ports=(), no_port=True, address=[f"{IPV4}/24"], no_huge=None, rate_limit=20)
    axfrd.start()
    whole, truncated = kinds(flood(lab.client, IPV4, same()))
    udp = axfrd.stats()["udp"]
    assert whole >= 20 and whole + truncated == ASKED and udp["slipped"] == truncated and udp["rate_limited"] == 0
    assert axfrd.stop() == 0
