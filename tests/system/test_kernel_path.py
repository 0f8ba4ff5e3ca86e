"""Neighbours, ICMP and TCP, which the kernel handles for a port."""

import contextlib
import os
import socket
import struct
import threading
import time

import dns.message
import pytest

import ask
import frames
import zones
from lab import AF_XDP, DATA, IPV4, IPV6, PATIENCE, af_packet, unaccounted

# If this kernel has no vhost-net, test_vhost_net.py runs these tests under another kernel.
CARRIERS = ["tap", "vhost-net"] if os.path.exists("/dev/vhost-net") else ["tap"]

ADDRESSES = pytest.mark.parametrize("address", [IPV4, IPV6], ids=["v4", "v6"])


@pytest.fixture(params=CARRIERS)
def axfrd(new_lab, new_axfrd, request):
    by_rings = request.param == "vhost-net"
    return new_axfrd(new_lab("client"), zones=[DATA / "example.com.zone"], vhost_net=by_rings)


@ADDRESSES
def test_ping(client, address):
    client.run("ping", "-c", 5, "-i", 0.2, "-W", 2, address)


@ADDRESSES
@pytest.mark.parametrize("size", [56, 1400, 4000])
def test_ping_of_any_size(axfrd_on_af_xdp, address, size):
    axfrd_on_af_xdp.lab.client.run("ping", "-c", 1, "-W", PATIENCE, "-s", size, address)


def test_the_kernel_path_has_the_mac_of_the_port(axfrd):
    assert axfrd.lab.appliance.mac("axfrd0") == axfrd.lab.appliance.mac("axp0")


def test_the_tap_can_have_another_name(new_lab, new_axfrd):
    lab = new_lab("client")
    new_axfrd(lab, zones=[DATA / "example.com.zone"], tap="dns")
    lab.client.run("ping", "-c", 1, "-W", PATIENCE, IPV4)
    assert lab.appliance.mac("dns0") == lab.appliance.mac("axp0")


@ADDRESSES
def test_a_closed_tcp_port_is_refused(client, address):
    with pytest.raises(ConnectionRefusedError):
        client.connect(address, port=80)


def test_tcp_queries_can_be_pipelined(client):
    names = ["www.example.com", "mail.example.com", "nothing.example.com"] * 20
    queries = [dns.message.make_query(name, "A", id=number) for number, name in enumerate(names)]
    with client.connect(IPV4) as sock:
        wires = [query.to_wire() for query in queries]
        sock.sendall(b"".join(struct.pack("!H", len(wire)) + wire for wire in wires))
        answers = {answer.id: answer for answer in (dns.message.from_wire(zones.receive(sock)) for _ in queries)}
    for query in queries:
        assert answers[query.id].question == query.question


def test_a_tcp_query_may_come_in_pieces(client):
    wire = dns.message.make_query("www.example.com", "A").to_wire()
    with client.connect(IPV4) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in struct.pack("!H", len(wire)) + wire:
            sock.sendall(bytes([byte]))
            time.sleep(0.005)
        assert len(dns.message.from_wire(zones.receive(sock)).answer[0]) == 2


def test_an_answer_still_comes_after_the_client_has_closed_its_half(client):
    with client.connect(IPV4) as sock:
        zones.send(sock, dns.message.make_query("www.example.com", "A").to_wire())
        sock.shutdown(socket.SHUT_WR)
        assert len(dns.message.from_wire(zones.receive(sock)).answer[0]) == 2
        assert sock.recv(1) == b""


def test_an_idle_tcp_session_is_closed(new_lab, new_axfrd):
    lab = new_lab("client")
    new_axfrd(lab, zones=[DATA / "example.com.zone"], tcp_idle_timeout=1)
    with lab.client.connect(IPV4) as sock:
        assert sock.recv(1) == b""


def answered(sessions):
    """The number of sessions in which a query is answered. Closes all of them."""
    count = 0
    for session in sessions:
        with session, contextlib.suppress(EOFError, ConnectionError):
            zones.send(session, dns.message.make_query("www.example.com", "A").to_wire())
            count += len(zones.receive(session)) > 0
    return count


def test_a_client_cannot_have_more_tcp_sessions_than_its_share(new_lab, new_axfrd):
    lab = new_lab("client", "other")
    new_axfrd(lab, zones=[DATA / "example.com.zone"], tcp_max_sessions=100, tcp_max_per_client=3)
    assert answered([lab.client.connect(IPV4) for _ in range(4)]) == 3
    assert ask.tcp(lab.other, "www.example.com", "A", IPV4).answer


def test_all_addresses_of_an_ipv6_network_share_in_tcp_sessions(new_lab, new_axfrd):
    lab = new_lab("client", "other")
    new_axfrd(lab, zones=[DATA / "example.com.zone"], tcp_max_sessions=100, tcp_max_per_client=3)
    assert answered([host.connect(IPV6) for host in (lab.client, lab.client, lab.other, lab.other)]) == 3
    assert ask.tcp(lab.other, "www.example.com", "A", IPV4).answer


def test_garbage_over_tcp_closes_that_session_only(client):
    with client.connect(IPV4) as good, client.connect(IPV4) as bad:
        bad.sendall(b"\0\5hello" + b"GET / HTTP/1.0\r\n\r\n")
        bad.settimeout(1)
        try:
            while bad.recv(4096):
                pass
        except (TimeoutError, ConnectionError):
            pass
        zones.send(good, dns.message.make_query("www.example.com", "A").to_wire())
        assert dns.message.from_wire(zones.receive(good)).answer


def arp_request(wire, host):
    who = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + wire.mac + frames.address(host.ipv4)
    return frames.ethernet(wire.mac, b"\xff" * 6, who + b"\0" * 6 + frames.address(IPV4) + b"\0" * 18, ethertype=0x0806)


def solicitation(wire, host):
    group = frames.address("ff02::1:ff00:53")
    message = b"\x87\0\0\0\0\0\0\0" + frames.address(IPV6) + b"\x01\x01" + wire.mac
    pseudo = frames.pseudo_header(frames.address(host.ipv6), group, len(message), 58)
    message = message[:2] + struct.pack("!H", frames.checksum(pseudo + message)) + message[4:]
    packet = struct.pack("!IHBB", 6 << 28, len(message), 58, 255) + frames.address(host.ipv6) + group + message
    return frames.ethernet(wire.mac, b"\x33\x33\xff\0\0\x53", packet)


@pytest.mark.parametrize("question", [arp_request, solicitation])
@pytest.mark.parametrize("port", [AF_XDP, af_packet()], ids=["af_xdp", "af_packet"])
def test_a_flood_of_questions_for_our_mac_address_keeps_nobody_from_finding_us(new_lab, new_axfrd, port, question):
    lab = new_lab("flooder", "client")
    axfrd = new_axfrd(lab, ports=[port], zones=[DATA / "example.com.zone"])
    wire, over = frames.Wire(lab.flooder), threading.Event()
    frame = question(wire, lab.flooder)

    def flood():
        while not over.is_set():
            for _ in range(1000):
                wire.send(frame)

    flooder = threading.Thread(target=flood)
    flooder.start()
    try:
        for number in range(40):
            lab.client.run("ip", "neighbour", "flush", "dev", "eth0")
            assert ask.udp(lab.client, "www.example.com", "A", (IPV4, IPV6)[number % 2]).answer
    finally:
        over.set()
        flooder.join()
    (worker,) = axfrd.stats()["workers"]
    assert worker["neighbours"] > 5000 and unaccounted(worker) == 0
