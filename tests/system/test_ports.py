"""Kinds and numbers of ports, numbers of workers, and kinds of memory."""

import dns.message
import pytest

import ask
import dnsperf
import zones
from frames import Sender
from lab import AF_XDP, DATA, EVERYONE, HUGEPAGES, IPV4, IPV6, af_packet, free_hugepages, unaccounted

SAMPLES = sorted(DATA.glob("*.zone"))


def assert_serves(lab, client="client"):
    """Checks in short everything that a port must do."""
    host = lab.hosts[client]
    for address in (IPV4, IPV6):
        host.run("ping", "-c", 1, "-W", 3, address)
        for over in (ask.udp, ask.tcp):
            assert len(over(host, "www.example.com", "A", address).answer[0]) == 2
        with host.connect(address) as sock:
            found = zones.transfer(sock, "example.com")
        assert zones.differences(zones.read(DATA / "example.com.zone"), found) == []


def test_af_packet(new_lab, new_axfrd):
    lab = new_lab("client")
    new_axfrd(lab, zones=SAMPLES, allow_transfer=EVERYONE)
    assert_serves(lab)


@pytest.mark.sanitized
def test_af_xdp(new_lab, new_axfrd):
    lab = new_lab("client")
    new_axfrd(lab, ports=[AF_XDP], zones=SAMPLES, allow_transfer=EVERYONE)
    assert_serves(lab)


def test_af_xdp_answers_in_the_vlan_of_the_query(new_lab, new_axfrd):
    lab = new_lab("client")
    sender = Sender(new_axfrd(lab, ports=[AF_XDP], zones=SAMPLES))
    query = dns.message.make_query("www.example.com", "A")
    sender.send(sender.packet(4, query.to_wire()), vlan=123)
    assert sender.expect_answer(query).vlan == 123


def test_af_xdp_leaves_no_program_on_the_interface(new_lab, new_axfrd):
    lab = new_lab("client")
    axfrd = new_axfrd(lab, ports=[AF_XDP], zones=SAMPLES)
    assert "prog/xdp" in lab.appliance.run("ip", "-d", "link", "show", "axp0").stdout
    assert axfrd.stop() == 0
    assert "prog/xdp" not in lab.appliance.run("ip", "-d", "link", "show", "axp0").stdout


def test_two_ports(new_lab, new_axfrd):
    lab = new_lab("client", "other", ports=2)
    axfrd = new_axfrd(lab, ports=[af_packet("axp0", 0), af_packet("axp1", 1)], zones=SAMPLES, allow_transfer=EVERYONE)
    assert_serves(lab)
    # Both ports are on one switch, so the neighbour table of a host decides to which port it sends.
    for address in (IPV4, IPV6):
        mac = lab.appliance.mac("axp1").hex(":")
        lab.other.run("ip", "neighbour", "add", address, "lladdr", mac, "dev", "eth0")
        assert len(ask.udp(lab.other, "www.example.com", "A", address).answer[0]) == 2
    with lab.other.connect(IPV4) as sock:
        assert zones.transfer(sock, "example.com")
    assert all(port["rx"] and port["tx"] for port in axfrd.stats()["ports"])


def test_two_workers_share_the_queues_of_a_port(new_lab, new_axfrd):
    lab = new_lab("client")
    axfrd = new_axfrd(lab, ports=[af_packet(queues=2)], workers=2, zones=SAMPLES, allow_transfer=EVERYONE)
    assert_serves(lab)
    for _ in range(100):
        assert ask.udp(lab.client, "www.example.com", "A", IPV4).answer
    workers = axfrd.stats()["workers"]
    assert len(workers) == 2 and all(worker["answered"] > 0 for worker in workers)


def test_no_query_is_lost_with_two_workers(new_lab, new_axfrd):
    lab = new_lab("client")
    axfrd = new_axfrd(lab, ports=[af_packet(queues=2)], workers=2, zones=SAMPLES)
    result = dnsperf.run(lab.client, SAMPLES, IPV4, seconds=4, rate=4000)
    assert result.lost == 0 and result.completed > 1000
    assert all(unaccounted(worker) == 0 for worker in axfrd.stats()["workers"])


def test_hugepages_are_used_where_they_are(new_lab, new_axfrd):
    assert free_hugepages() >= HUGEPAGES, "scripts/test reserves hugepages; it could not"
    lab = new_lab("client")
    axfrd = new_axfrd(lab, zones=SAMPLES, no_huge=False, allow_transfer=EVERYONE)
    assert axfrd.hugepages() > 0
    assert_serves(lab)
    assert axfrd.stop() == 0


def test_it_runs_without_hugepages(new_lab, new_axfrd):
    lab = new_lab("client")
    new_axfrd(lab, zones=SAMPLES, no_huge=True, allow_transfer=EVERYONE)
    assert_serves(lab)


def test_without_any_port_the_kernel_sockets_serve_alone(new_lab, new_axfrd):
    lab = new_lab("client")
    lab.appliance.run("ip", "address", "add", f"{IPV4}/24", "dev", "axp0")
    options = {"ports": [], "no_port": True, "no_huge": False, "address": f"{IPV4}/24"}
    axfrd = new_axfrd(lab, zones=SAMPLES, allow_transfer=EVERYONE, **options)
    for over in (ask.udp, ask.tcp):
        assert len(over(lab.client, "www.example.com", "A", IPV4).answer[0]) == 2
    with lab.client.connect(IPV4) as sock:
        assert zones.transfer(sock, "example.com")
    assert axfrd.stats()["workers"] == []
