"""Clients that take all sessions and do not read do not keep others out. A lack of descriptors does not either."""

import concurrent.futures
import contextlib
import itertools
import os
import re
import resource
import time
import urllib.request

import ask as dns_ask
import hostile
import pytest
from lab import DATA, EVERYONE, IPV4, IPV6, PATIENCE, wait_until

SESSIONS = 64
HOSTILE = ["10.66.0.0/16", "2001:db8:66::/48"]
GOOD = "10.77.0.0/16"
SECONDARY = "10.88.0.1"
SMALL = "example.com"


@pytest.fixture
def axfrd(new_lab, new_axfrd, zone_file):
    """An axfrd with few sessions, a zone that fills the kernel's buffers, and a zone with a secondary."""
    lab = new_lab("client")
    files = [zone_file("example.org", 30000), DATA / f"{SMALL}.zone"]
    axfrd = new_axfrd(
        lab, zones=files, tcp_max_sessions=SESSIONS, tcp_max_per_secondary=2,
        allow_transfer=[*EVERYONE, *HOSTILE, GOOD],
    )  # fmt: skip
    hostile.whole_network(lab.client, *HOSTILE, GOOD, f"{SECONDARY}/32")
    axfrd.ctl("secondary", "enable", SMALL, "--ns", "ns.example.net", "--allow", SECONDARY)
    return axfrd


def attack(axfrd, address, networks, rate=200):
    """Starts slow readers, which take all sessions and try to get twice as many."""
    process = hostile.spawn(axfrd.lab.client, address, "example.org", 2 * SESSIONS, rate, networks)

    def held():
        assert process.poll() is None, "nobody attacks"
        return axfrd.stats()["tcp"]["sessions"] >= SESSIONS * 3 // 4

    wait_until(held, "the hostile sessions")
    return process


def ask(axfrd, source, rdtype):
    with axfrd.lab.client.inside():
        return hostile.ask_patiently(IPV4, source, SMALL, rdtype, PATIENCE)


def test_one_host_with_many_addresses_of_ipv6_keeps_nobody_out(axfrd):
    attack(axfrd, IPV6, [f"2001:db8:66:{number:x}::/64" for number in range(64)])
    for number in range(20):
        seconds, attempts = ask(axfrd, f"10.77.{number}.1", "SOA")
        assert seconds is not None and attempts == 1, "room is left for other prefixes"


def test_slow_readers_from_many_prefixes_keep_neither_clients_nor_secondaries_out(axfrd):
    process = attack(axfrd, IPV4, [f"10.66.{number}.0/24" for number in range(32)])
    wishes = [(f"10.77.{number}.1", "AXFR" if number % 2 else "SOA") for number in range(30)]
    wishes += [(SECONDARY, "AXFR"), (SECONDARY, "SOA")] * 10
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        seconds = [each for each, _ in pool.map(lambda wish: ask(axfrd, *wish), wishes)]
    assert None not in seconds
    wait_until(lambda: axfrd.stats()["tcp"]["closed"]["evicted_slow"] > 0, "a slow reader to go")
    tcp = axfrd.stats()["tcp"]
    assert tcp["accepted"] - tcp["sessions"] == sum(tcp["closed"].values())
    assert tcp["sessions"] <= SESSIONS
    # Their sessions are free again when the slow readers have gone.
    process.kill()
    wait_until(lambda: axfrd.stats()["tcp"]["sessions"] == 0, "all sessions to end")


def test_who_reads_slowly_but_alone_is_not_ended_for_the_hostile(axfrd):
    with axfrd.lab.client.inside(), hostile.socket_from("10.77.1.1") as sock:
        sock.setsockopt(hostile.socket.SOL_SOCKET, hostile.socket.SO_RCVBUF, 4096)
        sock.connect((IPV4, 53))
        hostile.zones.send(sock, hostile.dns.message.make_query("example.org", "AXFR", flags=0).to_wire())
        attack(axfrd, IPV4, [f"10.66.{number}.0/24" for number in range(8)])
        wait_until(lambda: axfrd.stats()["tcp"]["closed"]["evicted_slow"] > 20, "slow readers to go", 2 * PATIENCE)
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            assert sock.recv(1000), "it was ended"
            time.sleep(0.01)


@contextlib.contextmanager
def no_descriptors(pid):
    """Keeps the process from getting another descriptor."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    taken = {int(number) for number in os.listdir(f"/proc/{pid}/fd")}
    free = next(number for number in itertools.count() if number not in taken)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (free, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def metrics(host):
    with host.inside(), urllib.request.urlopen("http://127.0.0.1:9353/metrics", timeout=PATIENCE) as response:
        return response.read()


def test_without_descriptors_connections_wait_and_the_log_says_so_once(new_lab, new_axfrd):
    axfrd = new_axfrd(new_lab("client"), zones=[DATA / f"{SMALL}.zone"], metrics="127.0.0.1@9353")
    lab = axfrd.lab
    wishes = {
        "TCP sessions": lambda: dns_ask.tcp(lab.client, SMALL, "SOA", IPV4).answer,
        "clients of the control socket": axfrd.stats,
        "clients of metrics": lambda: metrics(lab.appliance),
    }
    with concurrent.futures.ThreadPoolExecutor(len(wishes)) as pool:
        with no_descriptors(axfrd.process.pid):
            waiting = [pool.submit(wish) for wish in wishes.values()]
            for whom in wishes:
                wait_until(lambda: f"cannot accept {whom}: Too many open files" in axfrd.log(), f"a line about {whom}")
            assert dns_ask.udp(lab.client, SMALL, "SOA", IPV4).answer
            time.sleep(0.5)  # time for some retries
            assert not any(each.done() for each in waiting)
        assert all(each.result(PATIENCE) for each in waiting)
    assert len(re.findall("cannot accept", axfrd.log())) == len(wishes)
