"""The rate limit of UDP: who asks for the same more often than a network should, under a sender that may be forged."""

import socket

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

import ask
from lab import DATA, IPV4, IPV6, Axfrd, unaccounted

ADDRESSES = pytest.mark.parametrize("address", [IPV4, IPV6], ids=["v4", "v6"])
ZONES = sorted(DATA.glob("*.zone"))
ASKED = 400


@pytest.fixture
def limited(new_lab, new_axfrd):
    """limited(rate_limit=..., ...): an axfrd with a limit, and a client."""

    def new(**options):
        return new_axfrd(new_lab("client"), zones=ZONES, **options)

    return new


def flood(client, address, queries):
    """Sends all queries from one socket as fast as it goes, a few at a time so that none is lost; the responses."""
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
    assert worker["put_off"] == truncated and worker["dropped"]["rate_limited"] == 0 and unaccounted(worker) == 0
    assert len(ask.tcp(axfrd.lab.client, "www.example.com", "A", address).answer[0]) == 2


@ADDRESSES
def test_above_the_limit_every_slipth_response_is_truncated_and_the_others_are_dropped(limited, address):
    axfrd = limited(rate_limit=20, rate_limit_slip=4)
    responses = flood(axfrd.lab.client, address, same())
    whole, truncated = kinds(responses)
    (worker,) = axfrd.stats()["workers"]
    dropped = worker["dropped"]["rate_limited"]
    assert whole >= 20 and whole + truncated + dropped == ASKED
    assert worker["put_off"] == truncated and abs(truncated - dropped / 3) <= 1
    assert unaccounted(worker) == 0


def test_random_names_of_a_zone_and_errors_are_limited(limited):
    axfrd = limited(rate_limit=20, rate_limit_slip=0)
    for suffix in ("example.com", "wild.example.com", "sub.example.com", "example.org"):
        names = [dns.message.make_query(f"random{i}.{suffix}", "A", flags=0) for i in range(100)]
        before = axfrd.stats()["workers"][0]["dropped"]["rate_limited"]
        responses = flood(axfrd.lab.client, IPV4, names)
        assert axfrd.stats()["workers"][0]["dropped"]["rate_limited"] - before == 100 - len(responses) > 0, suffix
    assert kinds(flood(axfrd.lab.client, IPV4, same(20, "mixed.example.com", "TXT"))) == (20, 0), "another name"


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
    assert worker["responses"]["BADCOOKIE"] == len(bad) == worker["put_off"] and unaccounted(worker) == 0


def test_without_a_limit_all_is_answered(limited):
    axfrd = limited(rate_limit=0)
    assert kinds(flood(axfrd.lab.client, IPV4, same())) == (ASKED, 0)


def test_the_kernels_sockets_have_the_same_limit(new_lab):
    lab = new_lab("client")
    lab.appliance.run("ip", "address", "add", f"{IPV4}/24", "dev", "axp0")
    axfrd = Axfrd(lab, zones=ZONES, ports=(), no_port=True, address=[f"{IPV4}/24"], no_huge=None, rate_limit=20)
    axfrd.start()
    whole, truncated = kinds(flood(lab.client, IPV4, same()))
    udp = axfrd.stats()["udp"]
    assert whole >= 20 and whole + truncated == ASKED and udp["put_off"] == truncated and udp["rate_limited"] == 0
    assert axfrd.stop() == 0
