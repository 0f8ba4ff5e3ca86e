"""An interface that keeps its kernel driver: an XDP program gives queries to axfrd, and all else to the kernel."""

import re
import socket

import dns.edns
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.tsigkeyring
import dns.update
import pytest

import ask
import dnsperf
import zones
from frames import Sender, ipv4, udp
from lab import BUILD, DATA, EVERYONE, IPV4, IPV6, PATIENCE, SPLIT, Axfrd, unaccounted
from peers import Nsd

SAMPLES = sorted(DATA.glob("*.zone"))
ADDRESSES = pytest.mark.parametrize("address", [IPV4, IPV6], ids=["v4", "v6"])
KEY, SECRET = "door.key", "c2VjcmV0IG9mIHRoZSBkb29yIG9mIGEgdGVzdA=="
FOREIGN = "/usr/lib/x86_64-linux-gnu/bpf/xdpfilt_alw_all.o"  # of libxdp


@pytest.fixture
def lab(new_lab):
    return new_lab("client", split=True)


@pytest.fixture
def axfrd(lab, new_axfrd):
    axfrd = new_axfrd(lab, zones=SAMPLES, allow_transfer=EVERYONE, **SPLIT)
    axfrd.ctl("key", "add", KEY, SECRET)
    return axfrd


@pytest.fixture
def ring():
    return dns.tsigkeyring.from_text({KEY: SECRET})


def fails(lab, *before, **options):
    """The log of an axfrd that cannot start. `before`: a command that starts it."""
    appliance = Axfrd(lab, **{**SPLIT, **options})
    process = lab.appliance.spawn(*before, BUILD / "axfrd", *appliance.arguments())
    assert process.wait(PATIENCE) == 1
    return process.log.read_text()


def links(lab):
    return lab.appliance.run("ip", "-d", "link").stdout


def addresses(lab):
    return lab.appliance.run("ip", "address", "show", "axp0").stdout


def xdp(axfrd):
    return axfrd.stats()["ports"][0]["xdp"]


def answered(axfrd):
    return sum(worker["answered"] for worker in axfrd.stats()["workers"])


def punted(axfrd, reason):
    return sum(worker["punted"][reason] for worker in axfrd.stats()["workers"])


def assert_answered(host, address, over=ask.udp):
    assert len(over(host, "www.example.com", "A", address).answer[0]) == 2


def assert_nobody_listens(host, address):
    """Checks that the kernel answers a query with ICMP port unreachable."""
    with host.inside(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(PATIENCE)
        sock.connect((address, 53))
        sock.send(dns.message.make_query("www.example.com", "A").to_wire())
        with pytest.raises(ConnectionRefusedError):
            sock.recv(512)


# ---- what goes which way ----


@pytest.mark.sanitized
@ADDRESSES
def test_queries_are_answered_by_the_packet_path(axfrd, address):
    for _ in range(20):
        assert_answered(axfrd.lab.client, address)
    assert answered(axfrd) == 20
    stats = axfrd.stats()
    assert stats["ports"][0]["xdp"]["redirected"] == stats["ports"][0]["rx"] == 20
    assert stats["udp"]["queries"] == 0 and all(unaccounted(worker) == 0 for worker in stats["workers"])


def test_no_query_is_lost(axfrd):
    result = dnsperf.run(axfrd.lab.client, SAMPLES, IPV4, seconds=3, rate=4000)
    assert result.lost == 0 and result.completed > 1000
    assert xdp(axfrd)["redirected"] == answered(axfrd)


@ADDRESSES
def test_all_else_stays_with_the_kernel(axfrd, address):
    client = axfrd.lab.client
    client.run("ping", "-c", 1, "-W", PATIENCE, "-s", 4000, address)
    with pytest.raises(ConnectionRefusedError):
        client.connect(address, port=80)
    assert_answered(client, address, over=ask.tcp)
    transfer = client.run("dig", f"@{address}", "example.com", "AXFR").stdout
    assert "XFR size" in transfer and "Transfer failed" not in transfer
    stats = axfrd.stats()
    assert stats["ports"][0]["xdp"]["passed"] > 10
    assert stats["kernel_path"]["to_kernel"] == 0 and sum(worker["rx"] for worker in stats["workers"]) == 0


def test_there_is_no_tap(axfrd):
    assert "axfrd0" not in links(axfrd.lab)
    assert_answered(axfrd.lab.client, IPV4)
    assert "queries only" in axfrd.ctl("status").stdout
    assert "xdp redirected" in axfrd.ctl("stats").stdout


def test_nsd_transfers_a_large_zone_over_the_interface(new_lab, new_axfrd, zone_file):
    lab = new_lab("nsd", split=True)
    zone = zone_file("large.example", 40_000)
    new_axfrd(lab, zones=[zone], allow_transfer=EVERYONE, **SPLIT)
    nsd = Nsd(lab.nsd, ["large.example"]).wait()
    assert zones.differences(zones.read(zone), nsd.copy("large.example")) == []


@ADDRESSES
def test_signed_queries_are_answered(axfrd, ring, address):
    query = dns.message.make_query("www.example.com", "A")
    query.use_tsig(ring, KEY)
    answer = ask.udp_message(axfrd.lab.client, query, address)
    assert answer.had_tsig and len(answer.answer[0]) == 2
    assert punted(axfrd, "dns_privileged") == 1
    assert axfrd.stats()["kernel_path"]["to_kernel"] == 1 and axfrd.stats()["udp"]["queries"] == 1


@ADDRESSES
def test_updates_are_made(axfrd, ring, address):
    axfrd.ctl("key", "grant", KEY, "example.com")
    update = dns.update.UpdateMessage("example.com", keyring=ring)
    update.add("new", 300, "A", "192.0.2.77")
    assert ask.udp_message(axfrd.lab.client, update, address, timeout=PATIENCE).rcode() == dns.rcode.NOERROR
    found = ask.udp(axfrd.lab.client, "new.example.com", "A", address)
    assert ask.records(found.answer) == ["new.example.com. A 192.0.2.77"]


@ADDRESSES
def test_a_notify_is_answered(axfrd, address):
    notify = dns.message.make_query("example.com", "SOA")
    notify.set_opcode(dns.opcode.NOTIFY)
    assert ask.udp_message(axfrd.lab.client, notify, address).opcode() == dns.opcode.NOTIFY


def test_a_strict_reverse_path_does_not_hinder_signed_queries(lab, new_axfrd, ring):
    lab.appliance.run("sysctl", "-w", "net.ipv4.conf.all.rp_filter=1")
    axfrd = new_axfrd(lab, zones=SAMPLES, **SPLIT)
    axfrd.ctl("key", "add", KEY, SECRET)
    query = dns.message.make_query("www.example.com", "A")
    query.use_tsig(ring, KEY)
    assert ask.udp_message(lab.client, query, IPV4).had_tsig


def test_the_answer_stays_in_the_vlan_of_the_query(axfrd):
    sender = Sender(axfrd)
    query = dns.message.make_query("www.example.com", "A")
    sender.send(sender.packet(4, query.to_wire()), vlan=123)
    assert sender.expect_answer(query).vlan == 123
    assert xdp(axfrd)["redirected"] == 1


def test_signed_queries_in_a_vlan_reach_the_kernels_sockets(axfrd, ring):
    """Their answers are routed, so they do not go into this VLAN, because no interface is in it."""
    sender = Sender(axfrd)
    query = dns.message.make_query("www.example.com", "A")
    query.use_tsig(ring, KEY)
    sender.send(sender.packet(4, query.to_wire()), vlan=123)
    answer = sender.receive()
    assert answer.vlan is None and answer.source == IPV4
    assert dns.message.from_wire(answer.payload, keyring=ring, request_mac=query.mac).had_tsig


def test_fragments_are_answered_by_the_kernels_sockets(axfrd):
    sender = Sender(axfrd)
    query = dns.message.make_query("www.example.com", "A")
    query.use_edns(0, options=[dns.edns.GenericOption(65001, b"x" * 100)])
    datagram = udp(sender.host.ipv4, IPV4, query.to_wire())
    for piece, fragment in (datagram[:64], 0x2000), (datagram[64:], 64 // 8):
        sender.send(ipv4(sender.host.ipv4, IPV4, piece, fragment=fragment))
    assert sender.expect_answer(query)
    assert axfrd.stats()["udp"]["queries"] == 1 and answered(axfrd) == 0


def test_queries_on_a_queue_without_a_worker_are_answered_by_the_kernels_sockets(lab, new_axfrd):
    # A veth delivers a frame on the queue on which it was sent.
    lab.appliance.run("ethtool", "-L", "axp0", "rx", 2)
    axfrd = new_axfrd(lab, zones=SAMPLES, **SPLIT)
    axfrd.logs("port axp0: 1 of its queues have no worker")
    for _ in range(50):
        assert_answered(lab.client, IPV4)
    assert answered(axfrd) + axfrd.stats()["udp"]["queries"] == 50
    assert axfrd.stats()["udp"]["queries"] == xdp(axfrd)["unattended"]


# ---- addresses ----


def test_queries_to_other_addresses_are_the_kernels(axfrd):
    axfrd.lab.appliance.run("ip", "address", "add", "192.0.2.54/24", "dev", "axp0")
    assert_nobody_listens(axfrd.lab.client, "192.0.2.54")
    assert xdp(axfrd)["redirected"] == 0


def test_an_address_that_the_host_has_not_is_there_while_we_are(lab, new_axfrd):
    mine = ["192.0.2.60", "2001:db8::60"]
    axfrd = new_axfrd(lab, zones=SAMPLES, **{**SPLIT, "address": [f"{IPV4}/24", f"{mine[0]}/24", f"{mine[1]}/64"]})
    for address in IPV4, *mine:
        assert_answered(lab.client, address)
        assert_answered(lab.client, address, over=ask.tcp)
    assert answered(axfrd) == 3
    assert axfrd.stop() == 0
    assert IPV4 in addresses(lab) and not any(address in addresses(lab) for address in mine)


def test_an_address_of_another_interface_is_served_where_it_is(lab, new_axfrd):
    """Anycast addresses are configured in this way."""
    lab.appliance.run("ip", "address", "add", "192.0.2.61/32", "dev", "lo")
    axfrd = new_axfrd(lab, zones=SAMPLES, **{**SPLIT, "address": "192.0.2.61/32"})
    assert_answered(lab.client, "192.0.2.61")
    assert answered(axfrd) == 1 and "192.0.2.61" not in addresses(lab)


def test_an_interface_without_addresses_needs_some(lab):
    lab.appliance.run("ip", "address", "flush", "dev", "axp0")
    assert "there is no address to serve" in fails(lab)


# ---- coming and going ----


@pytest.mark.sanitized
def test_a_clean_stop_leaves_no_program(axfrd):
    assert "axfrd_split" in links(axfrd.lab)
    assert axfrd.stop() == 0
    assert "prog/xdp" not in links(axfrd.lab)


def test_after_a_kill_the_kernel_has_all_until_the_next_start(axfrd):
    client = axfrd.lab.client
    axfrd.kill()
    assert "axfrd_split" in links(axfrd.lab)
    client.run("ping", "-c", 1, "-W", PATIENCE, IPV4)
    assert_nobody_listens(client, IPV4)
    axfrd.start()
    assert_answered(client, IPV4)
    assert answered(axfrd) == 1
    assert axfrd.stop() == 0
    assert "prog/xdp" not in links(axfrd.lab)


def test_a_start_that_fails_leaves_no_program(lab):
    """The start fails when the port already exists."""
    with lab.appliance.inside(), socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind((IPV4, 53))
        taken.listen()
        assert "cannot listen on TCP" in fails(lab)
    assert "prog/xdp" not in links(lab)


def test_another_xdp_program_is_left_alone(lab):
    lab.appliance.run("ip", "link", "set", "axp0", "xdp", "obj", FOREIGN, "sec", "xdp")
    before = re.findall(r"prog/xdp id (\d+)", links(lab))
    log = fails(lab)
    assert "another XDP program is attached" in log and "ip link set axp0 xdp off" in log
    assert before and re.findall(r"prog/xdp id (\d+)", links(lab)) == before


def test_a_second_axfrd_does_not_take_the_interface_of_the_first(axfrd):
    other = axfrd.directory / "other"
    other.mkdir()
    options = {**axfrd.options, "store": other / "store", "control_socket": other / "control.sock"}
    first, axfrd.options = axfrd.options, options
    process = axfrd.lab.appliance.spawn(BUILD / "axfrd", *axfrd.arguments())
    axfrd.options = first
    assert process.wait(PATIENCE) == 1
    assert "port axp0: an axfrd has it already" in process.log.read_text()
    assert_answered(axfrd.lab.client, IPV4)


# ---- what may be in the way ----


def test_an_interface_that_does_not_exist_is_named(lab):
    assert "port eth9: there is no such interface" in fails(lab, ports=["eth9"])


def test_an_interface_that_is_down_is_named(lab):
    lab.appliance.run("ip", "link", "set", "axp0", "down")
    assert "ip link set axp0 up" in fails(lab)


def test_more_workers_than_queues_are_refused(lab):
    assert "ethtool -L axp0 combined 2" in fails(lab, workers=2)


def test_a_driver_that_does_not_take_the_program_is_reported_with_the_mtu(lab):
    lab.appliance.run("ip", "link", "set", "axp0", "mtu", 9000)
    lab.appliance.run("ip", "netns", "exec", f"{lab.name}-switch", "ip", "link", "set", "port0", "mtu", 9000)
    log = fails(lab)
    assert "its driver does not take an XDP program" in log and "9000 here: ip link set axp0 mtu 1500" in log
    assert "prog/xdp" not in links(lab)


def test_without_the_capability_for_bpf_it_says_so(lab):
    without = "-sys_admin,-bpf"
    assert "CAP_SYS_ADMIN" in fails(lab, "setpriv", f"--bounding-set={without}", f"--inh-caps={without}", no_huge=True)
